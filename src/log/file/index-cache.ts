// Run indexes of sealed files that were read lately. Bounded; the least recently read leaves first.
import { DecodedCommit } from './commit-decoder.ts'
import { CommitReader } from './commit-reader.ts'
import { diskErrorKind } from './disk-error.ts'
import { RunIndex } from './run-index.ts'
import { readRunIndex } from './segment-directory.ts'
import { SegmentScan } from './segment-scan.ts'
import { Segment } from './segment.ts'
import type { Extent } from './segment.ts'

export class IndexCache {
  readonly #sizeMax: number
  /** In order of use. */
  readonly #extents = new Set<Extent>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** The index of an extent; see `readOrRebuild`. */
  async load(extent: Extent): Promise<RunIndex> {
    // The index of an open file is nowhere else: it does not belong to the cache.
    if (extent.segment.state === 'open') return extent.index as RunIndex
    const index = extent.index ?? (await readOrRebuild(extent))
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

/** The index of an extent of a sealed file, from its commits when the directory is damaged. */
export async function readOrRebuild(extent: Extent): Promise<RunIndex> {
  return (await readIndex(extent)) ?? rebuildIndex(extent)
}

/** Undefined when the bytes are damaged, or the disk cannot read them. */
async function readIndex(extent: Extent): Promise<RunIndex | undefined> {
  try {
    return await readRunIndex(extent)
  } catch (error) {
    if (diskErrorKind(error) === undefined) throw error
    return undefined
  }
}

/** Reads the whole file again; what no commit tells any more is a gap. */
async function rebuildIndex(extent: Extent): Promise<RunIndex> {
  const { segment, logId, firstOffset, lastOffset } = extent
  segment.isDamaged = true
  const { file, id, kind, salt, priorSize, path, dataEnd } = segment
  // A stand-in that is not sealed, so that the scan collects what it finds.
  const scan = new SegmentScan(new Segment({ id, kind, salt, priorSize, path, file, dataEnd: 0 }))
  const reader = new CommitReader({ file, fileId: id, salt, priorSize, end: dataEnd })
  for (;;) {
    const commit = await reader.next()
    if (!(commit instanceof DecodedCommit)) break
    scan.add(commit)
  }
  const index = new RunIndex()
  for (const found of scan.extents) {
    if (found.logId !== logId || found.index === undefined) continue
    for (let at = 0; at < found.runCount; at++) {
      const run = found.index.get(at)
      if (run.baseOffset >= firstOffset && run.lastOffset <= lastOffset) index.add(run)
    }
  }
  return index
}
