// The objects of one cell, as its disk reads and writes them: keys that were never used, a cache on this machine, and
// now and then a sweep of what nobody names.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ObjectReader, ObjectWriter } from './cluster-files.ts'
import { copyFromEnds } from './file-ends.ts'
import type { ObjectCache } from './objects/object-cache.ts'
import { objectKey, type ObjectWriter as KeyOwner } from './objects/object-key.ts'
import { SourceError } from './objects/object-source.ts'
import type { ObjectSource, ObjectStore, PutObject } from './objects/object-store.ts'
import { readOrphanMarks, writeOrphanMarks } from './objects/orphan-marks.ts'
import { type OrphanMarks, sweepObjects, type SweepOptions } from './objects/sweep-objects.ts'

export interface CellObjectsOptions {
  readonly owner: KeyOwner
  /** With patience. */
  readonly objects: ObjectStore
  readonly cache: ObjectCache
  readonly clock: Clock
  readonly random: Random
  readonly onTrouble: (error: Error) => void
}

/** What a sweep asks about the cell. */
type SweptCell = Pick<SweepOptions, 'readNames' | 'isStillOwner'>

export class CellObjects implements ObjectReader, ObjectWriter {
  readonly #options: CellObjectsOptions
  /** Keys whose files have no name yet. */
  readonly #inFlight = new Set<string>()
  readonly #closing = new AbortController()
  #sweepTimer: Timer | undefined
  /** Read from the store by the first sweep. */
  #marks: OrphanMarks | undefined
  #next: string | undefined
  #isSweeping = false

  constructor(options: CellObjectsOptions) {
    this.#options = options
  }

  async read(file: FinishedFile, buffer: Buffer, position: number): Promise<void> {
    if (copyFromEnds(file, buffer, position)) return
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
    await cache.keep({ key, ...put }, source).catch((error: unknown) => {
      // What is copied was rows of a cell that is this owner's no more, or its file was removed meanwhile.
      const isGone = this.#closing.signal.aborted || error instanceof SourceError
      if (!isGone) this.#options.onTrouble(error as Error)
    })
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
  sweepFor(cell: SweptCell): void {
    const { clock, onTrouble } = this.#options
    const sweep = async (): Promise<void> => {
      if (this.#isSweeping) return
      this.#isSweeping = true
      try {
        await this.#sweep(cell)
      } catch (error) {
        onTrouble(error as Error)
      } finally {
        this.#isSweeping = false
      }
    }
    this.#sweepTimer = clock.every(clusterLimits.sweepIntervalMs, () => void sweep())
  }

  /** One pass. It waits as long as the store fails, and ends with the cell. */
  async #sweep(cell: SweptCell): Promise<void> {
    const { objects, owner, random } = this.#options
    const { signal } = this.#closing
    const isInFlight = (key: string): boolean => this.#inFlight.has(key)
    const before = this.#marks ?? (await readOrphanMarks(objects, owner.cell))
    const place = { objects, owner, marks: before, after: this.#next }
    const result = await sweepObjects({ ...place, ...cell, isInFlight })
    this.#marks = result.marks
    this.#next = result.next
    const isSame = isSameMarks(before, result.marks)
    if (!isSame && !signal.aborted) await writeOrphanMarks(objects, owner, result.marks, random)
  }

  /** What is on its way is given up: it has no name, and the next owner's sweep takes it. */
  close(): void {
    this.#sweepTimer?.stop()
    this.#closing.abort()
  }
}

function isSameMarks(one: OrphanMarks, other: OrphanMarks): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key))
}
