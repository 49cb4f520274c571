// What a store has done since it was opened, and what its files take.
import { Histogram } from '../lib/histogram.ts'
import { logLimits } from '../limits/log.ts'

export class StoreStats {
  /**
   * Of each commit, how many seconds passed from when it was handed to the disk until it was durable: with
   * `--durability fsync` that is its write and its sync.
   */
  readonly commitSeconds: Histogram = new Histogram(logLimits.commitSecondsBounds)
  /** Of the last one. */
  lastCommitSeconds = 0
  /** Bytes of the records and bodies in those commits. */
  committedSize = 0

  /** A commit is durable. */
  onCommitted(seconds: number, size: number): void {
    this.commitSeconds.observe(seconds)
    this.lastCommitSeconds = seconds
    this.committedSize += size
  }
}

/** The files of a data folder. */
export interface FileStats {
  /** Files that commits were written to, those that cleaning made of them, and their bytes. */
  readonly walCount: number
  readonly walSize: number
  readonly cleanCount: number
  readonly cleanSize: number
  /** Bytes that are free on the disk, as it was looked at last, and below which publishers are blocked. */
  readonly freeSize: number
  readonly freeSizeMin: number
  /** Of the whole disk. */
  readonly diskSize: number
  /** Of what is written to the data folder. */
  readonly formatVersion: number
  readonly cleaning: CleaningStats
  /** Checkpoints since the start; whether one is being written. */
  readonly checkpointCount: number
  readonly isCheckpointing: boolean
}

/** What cleaning has done since the start. */
export interface CleaningStats {
  readonly isRunning: boolean
  /** Files that were copied out of, and bytes that this gave back. */
  readonly fileCount: number
  readonly freedSize: number
}
