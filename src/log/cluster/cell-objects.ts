// The objects of one cell, as its disk reads and writes them: keys that were never used, a cache on this machine, and
// now and then a sweep of what nobody names.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ObjectReader, ObjectWriter } from './cluster-files.ts'
import type { ObjectCache } from './objects/object-cache.ts'
import { objectKey, type ObjectWriter as KeyOwner } from './objects/object-key.ts'
import type { ObjectSource, ObjectStore, PutObject } from './objects/object-store.ts'
import { type OrphanMarks, sweepObjects } from './objects/sweep-objects.ts'

export interface CellObjectsOptions {
  readonly owner: KeyOwner
  /** With patience. */
  readonly objects: ObjectStore
  readonly cache: ObjectCache
  readonly clock: Clock
  readonly random: Random
  readonly onTrouble: (error: Error) => void
}

export class CellObjects implements ObjectReader, ObjectWriter {
  readonly #options: CellObjectsOptions
  /** Keys whose files have no name yet. */
  readonly #inFlight = new Set<string>()
  readonly #closing = new AbortController()
  #sweepTimer: Timer | undefined
  #marks: OrphanMarks = new Map()
  #next: string | undefined

  constructor(options: CellObjectsOptions) {
    this.#options = options
  }

  async read(file: FinishedFile, buffer: Buffer, position: number): Promise<void> {
    await this.#options.cache.read(file, buffer, position)
  }

  forget(file: FinishedFile): void {
    this.#options.cache.forget(file)
  }

  async put(name: string, source: ObjectSource): Promise<PutObject & { readonly key: string }> {
    const { owner, objects, random, cache } = this.#options
    const key = objectKey(owner, name.replaceAll('/', '-'), random)
    this.#inFlight.add(key)
    const put = await this.#put(objects, key, source)
    await cache.keep({ key, ...put }, source).catch(this.#options.onTrouble)
    return { key, ...put }
  }

  async #put(objects: ObjectStore, key: string, source: ObjectSource): Promise<PutObject> {
    try {
      return await objects.put(key, source, { signal: this.#closing.signal })
    } catch (error) {
      this.#inFlight.delete(key)
      throw error
    }
  }

  /** Its file has its name now, or never gets one. */
  onNamed(key: string): void {
    this.#inFlight.delete(key)
  }

  /** Sweeps now and then, as long as the cell is this owner's. */
  sweepFor(cell: {
    readonly readNames: () => Promise<ReadonlySet<string>>
    readonly isStillOwner: () => Promise<boolean>
  }): void {
    const { clock, objects, owner, onTrouble } = this.#options
    const sweep = async (): Promise<void> => {
      const place = { objects, owner, marks: this.#marks, after: this.#next }
      const isInFlight = (key: string): boolean => this.#inFlight.has(key)
      const result = await sweepObjects({ ...place, ...cell, isInFlight })
      this.#marks = result.marks
      this.#next = result.next
    }
    this.#sweepTimer = clock.every(
      clusterLimits.sweepIntervalMs,
      () => void sweep().catch(onTrouble),
    )
  }

  /** What is on its way is given up: it has no name, and the next owner's sweep takes it. */
  close(): void {
    this.#sweepTimer?.stop()
    this.#closing.abort()
  }
}
