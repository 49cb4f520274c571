// A data file as the running store sees it, and what each log has in it.
import type { DiskFile } from './disk.ts'
import type { FileKind } from './file-format.ts'
import { RunIndex } from './run-index.ts'
import type { IndexedRun } from './run-index.ts'

/**
 * Lifecycle: open (commits are appended, the index of every extent is in memory) → sealed (directory
 * written, indexes are read when needed) → retired (nothing refers to it; unlinked when the last
 * read is done).
 */
export class Segment {
  readonly id: number
  readonly kind: FileKind
  readonly salt: number
  /** As in its header: until it is full, writes land on blocks that the file has already. */
  readonly priorSize: number
  readonly path: string
  readonly file: DiskFile
  state: 'open' | 'sealed' | 'retired' = 'open'
  /** End of the last good commit. */
  dataEnd: number
  /** Everything, directory included, once sealed. */
  size = 0
  /** Runs of each log, by log id. */
  readonly extents: Map<number, Extent[]> = new Map()
  extentCount = 0
  firstSequence = 0
  lastSequence = 0
  /** Bytes of all runs and of all shared bodies that were ever written here. */
  writtenRunSize = 0
  writtenSharedSize = 0
  /** Records in it whose body is in a file of its own. */
  asides: AsideReference[] = []
  /** A write or sync failed: there may be bytes after `dataEnd`, and nothing more is written here. */
  hasFailed = false
  /** The directory is written and synced. */
  hasDirectory = false
  /** Reads under way, which keep the file open. */
  readers = 0
  /** How much lived in it when its batches were counted one by one. */
  survey: SegmentSurvey | undefined
  /** Cleaning leaves a file alone in which a run was found damaged: it is evidence. */
  isDamaged = false

  constructor(options: SegmentOptions) {
    this.id = options.id
    this.kind = options.kind
    this.salt = options.salt
    this.priorSize = options.priorSize
    this.path = options.path
    this.file = options.file
    this.dataEnd = options.dataEnd
  }
}

export interface SegmentSurvey {
  /** Bytes by the share of records that live. */
  readonly living: number
  /** Bytes that copying would keep: whole batches. */
  readonly kept: number
}

/** A record whose body is in `aside/<asideId>.body`. */
export interface AsideReference {
  readonly logId: number
  readonly offset: number
  readonly asideId: number
}

export interface SegmentOptions {
  readonly id: number
  readonly kind: FileKind
  readonly salt: number
  readonly priorSize: number
  readonly path: string
  readonly file: DiskFile
  readonly dataEnd: number
}

/** The runs of one log in one file: a range of offsets that no other extent of the log overlaps. */
export class Extent {
  readonly segment: Segment
  readonly logId: number
  readonly firstOffset: number
  lastOffset: number
  recordCount = 0
  maxTimestamp: number = -Infinity
  /** Bytes of its runs. */
  byteCount = 0
  /** Bytes of those runs that are batches as they came. */
  batchByteCount = 0
  /** Its first runs that are known to be below the log's floor, and their bytes. */
  trimmedRunCount = 0
  trimmedByteCount = 0
  /** Always there while the segment is open; afterwards only while it is in the cache. */
  index: RunIndex | undefined
  /** Place and size of the index in the directory of a sealed file. */
  sectionPosition = 0
  runCount = 0
  sectionCrc = 0
  /** All runs in that section, and how many of them come before those of the extent: it may be a part. */
  sectionRunCount = 0
  sectionStart = 0

  constructor(segment: Segment, logId: number, firstOffset: number) {
    this.segment = segment
    this.logId = logId
    this.firstOffset = firstOffset
    this.lastOffset = firstOffset - 1
  }

  /** Appends a run while the segment is open. */
  add(run: IndexedRun): void {
    this.index ??= new RunIndex()
    this.index.add(run)
    this.runCount++
    this.lastOffset = run.lastOffset
    this.recordCount += run.recordCount
    this.byteCount += run.size
    if (run.isBatch) this.batchByteCount += run.size
    if (run.maxTimestamp > this.maxTimestamp) this.maxTimestamp = run.maxTimestamp
  }
}
