// Decides when a checkpoint is taken: one begins in each new WAL file, and when it is complete and
// durable, older files are needed only for the messages in them.
import { logLimits } from '../../limits/log.ts'
import type { Commit } from '../commit.ts'
import { Checkpoint } from './checkpoint.ts'
import type { CheckpointSlice, CheckpointSource } from './checkpoint.ts'
import type { CheckpointPlace } from './manifest.ts'
import type { WrittenCommit } from './wal-writer.ts'

export interface CheckpointerOptions extends CheckpointSource {
  readonly sliceSizeMax: number
  /** Asks for a commit, so that a checkpoint comes to its end when nobody writes. */
  readonly wantCommit: () => void
  readonly onComplete: (place: CheckpointPlace) => void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  /** Since the start. */
  completedCount = 0
  #checkpoint: Checkpoint | undefined
  /** The file that the last checkpoint began in. */
  #lastFileId = 0
  #place: CheckpointPlace | undefined
  #sliceSizeMax: number

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#sliceSizeMax = options.sliceSizeMax
  }

  get isRunning(): boolean {
    return this.#checkpoint !== undefined
  }

  /** Begins a checkpoint that is written in large slices, unless one was begun just now. */
  beginLast(sequence: number): void {
    this.#sliceSizeMax = logLimits.commitSizeMax
    this.#place = undefined
    this.#checkpoint = new Checkpoint(sequence, this.#options)
    this.#options.wantCommit()
  }

  /** A commit is sealed: memory holds exactly what commits up to it contain. */
  onSeal(commit: Commit): void {
    if (this.#checkpoint === undefined) return
    commit.extra = this.#checkpoint.next(this.#sliceSizeMax)
  }

  /** A commit is durable. */
  onCommitted(commit: Commit, written: WrittenCommit): void {
    const slice = commit.extra as CheckpointSlice | undefined
    const { segment, position } = written
    if (slice?.isBegin === true) this.#place = { fileId: segment.id, position }
    if (slice?.isEnd === true) {
      this.#checkpoint = undefined
      this.completedCount++
      this.#lastFileId = (this.#place as CheckpointPlace).fileId
      this.#options.onComplete(this.#place as CheckpointPlace)
    }
    if (this.#checkpoint !== undefined) this.#options.wantCommit()
    else if (segment.id !== this.#lastFileId && slice === undefined) this.#begin(commit.sequence)
  }

  #begin(sequence: number): void {
    this.#checkpoint = new Checkpoint(sequence, this.#options)
    this.#options.wantCommit()
  }
}
