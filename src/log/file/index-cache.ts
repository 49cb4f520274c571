import type { RunIndex } from './run-index.ts'
// Run indexes of sealed files that were read lately. Bounded; the least recently read leaves first.
import { readRunIndex } from './segment-directory.ts'
import type { Extent } from './segment.ts'

export class IndexCache {
  readonly #sizeMax: number
  /** In order of use. */
  readonly #extents = new Set<Extent>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** The index of an extent of a sealed file. Rejects when the directory is damaged. */
  async load(extent: Extent): Promise<RunIndex> {
    // The index of an open file is nowhere else: it does not belong to the cache.
    if (extent.segment.state === 'open') return extent.index as RunIndex
    const index = extent.index ?? (await readRunIndex(extent))
    if (index === undefined) {
      extent.segment.isDamaged = true
      throw new Error(
        `${extent.segment.path} has a damaged directory at byte ${extent.sectionPosition}: run "pabal verify" for a full report`,
      )
    }
    this.keep(extent, index)
    return index
  }

  /** Counts the index of an extent whose file was just sealed, or was just used. */
  keep(extent: Extent, index: RunIndex): void {
    if (this.#extents.delete(extent)) {
      this.#extents.add(extent)
      return
    }
    extent.index = index
    this.#extents.add(extent)
    this.#size += index.capacity
    for (const oldest of this.#extents) {
      if (this.#size <= this.#sizeMax || oldest === extent) return
      this.forget(oldest)
    }
  }

  /** The extent's file is going. */
  forget(extent: Extent): void {
    if (!this.#extents.delete(extent)) return
    this.#size -= extent.index?.capacity ?? 0
    extent.index = undefined
  }
}
