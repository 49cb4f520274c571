// Objects of a cell without a cache: what is read comes from their store, so that it shows what that has.
import type { Random } from '../../lib/random.ts'
import { objectLimits } from '../../limits/objects.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ObjectReader, ObjectWriter } from './cluster-files.ts'
import { objectKey, type ObjectWriter as KeyOwner } from './objects/object-key.ts'
import type { ObjectSource, ObjectStore, PutObject } from './objects/object-store.ts'

export class DirectObjects implements ObjectReader, ObjectWriter {
  readonly #owner: KeyOwner
  /** With patience. */
  readonly #objects: ObjectStore
  readonly #random: Random

  constructor(owner: KeyOwner, objects: ObjectStore, random: Random) {
    this.#owner = owner
    this.#objects = objects
    this.#random = random
  }

  async read({ key }: FinishedFile, buffer: Buffer, position: number): Promise<void> {
    for (let at = 0; at < buffer.length; at += objectLimits.cacheBlockSize) {
      const size = Math.min(objectLimits.cacheBlockSize, buffer.length - at)
      const bytes = await this.#objects.getRange(key, position + at, size)
      bytes.copy(buffer, at)
    }
  }

  async put(name: string, source: ObjectSource): Promise<PutObject & { readonly key: string }> {
    const key = objectKey(this.#owner, name.replaceAll('/', '-'), this.#random)
    return { key, ...(await this.#objects.put(key, source)) }
  }

  forget(): void {}

  onNamed(): void {}
}
