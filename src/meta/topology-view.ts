// The queryable form of the topology entries in the log: `<data>/meta.db`. The log is the truth; the view
// follows it, off the main thread, and says through which entry it has come. Nothing is ever read from it
// but whether it still shows what the log says: one that is missing, damaged, older or another folder's is
// made again. While it is open, the data folder belongs to this process.
//
// Life: 1. made: takes the folder. 2. `follow` says what the log has; the view is brought there in the
// background. 3. `apply` gives later entries, which wait for that. 4. `close` writes what is waiting.
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import { metaLimits } from '../limits/meta.ts'
import { bringViewUp, type FollowedLog } from './bring-view-up.ts'
import { EntryBatch } from './entry-batch.ts'
import { systemTopologyFiles, type TopologyFiles } from './topology-files.ts'
import { ViewWriter } from './view-writer.ts'

export interface TopologyViewOptions {
  /** The data folder; it must exist. */
  readonly folder: string
  readonly clock: Clock
  /** Everything up to `sequence` is in the view, on disk. */
  readonly onApplied: (sequence: number) => void
  /** The view was not what the log says, and is made again; `reason` is for people. */
  readonly onRebuilt: (reason: string) => void
  /** A write failed. Nothing is lost; it is tried again after a while. */
  readonly onFailed: (error: Error) => void
  /** Where lock and view are; by default in the folder. */
  readonly files?: TopologyFiles
}

export class TopologyView implements AsyncDisposable {
  readonly #options: TopologyViewOptions
  readonly #files: TopologyFiles
  readonly #lock: Disposable
  readonly #writer: ViewWriter
  /** Until the view shows it. */
  #followed: FollowedLog | undefined
  /** In order; the last one takes more. */
  #pending: EntryBatch[] = []
  #appliedSequence = 0
  #lastSequence = 0
  #work: Promise<void> | undefined
  #pause: (() => void) | undefined
  #isClosed = false

  /**
   * Takes the data folder. Throws `DataFolderLockedError` when another broker has it,
   * `DataFolderUnwritableError` when it is missing or cannot be written.
   */
  constructor(options: TopologyViewOptions) {
    this.#options = options
    this.#files = options.files ?? systemTopologyFiles
    this.#lock = this.#files.lock(options.folder)
    this.#writer = new ViewWriter({ ...options, files: this.#files })
  }

  /** Says what the log has at the start; call it once, before `apply`. */
  follow(log: FollowedLog): void {
    this.#followed = log
    this.#appliedSequence = log.topology.appliedSequence
    this.#lastSequence = log.topology.appliedSequence
    this.#start()
  }

  /** Entries up to here are in the view, or are being put there from the log. */
  get appliedSequence(): number {
    return this.#appliedSequence
  }

  /** Adds an entry that is durable in the log. Sequences rise. The bytes are copied. */
  apply(sequence: number, bytes: Uint8Array): void {
    assert(!this.#isClosed, 'a closed view applies nothing')
    assert(sequence > this.#lastSequence, `sequence ${sequence} follows ${this.#lastSequence}`)
    this.#lastSequence = sequence
    this.#openBatch().add(sequence, bytes)
    this.#start()
  }

  /** Resolves when everything given so far is in the view. */
  async flush(): Promise<void> {
    await this.#work
  }

  /**
   * Writes what is waiting, once more if writing has been failing, and gives the folder free. The next
   * start brings the view up from the log.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#writer.keepAlive()
    this.#pause?.()
    await this.#work
    await this.#writer.stop()
    this.#lock[Symbol.dispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #openBatch(): EntryBatch {
    let batch = this.#pending.at(-1)
    const isFull =
      batch === undefined ||
      batch.count >= metaLimits.topologyBatchMax ||
      batch.size >= metaLimits.topologyBatchSizeMax
    if (isFull) this.#pending.push((batch = new EntryBatch()))
    return batch as EntryBatch
  }

  #start(): void {
    this.#work ??= this.#catchUp().finally(() => {
      this.#work = undefined
    })
  }

  async #catchUp(): Promise<void> {
    // Whoever gives several entries in a turn gets them into one batch.
    await Promise.resolve()
    while (this.#followed !== undefined || this.#pending.length > 0) {
      try {
        if (this.#followed === undefined) await this.#writeFirst()
        else await this.#bringUp(this.#followed)
      } catch (error) {
        this.#options.onFailed(error as Error)
        if (this.#isClosed) return
        await this.#wait()
      }
      // What is not in it yet is taken from the log at the next start.
      if (this.#isClosed && this.#followed !== undefined) return
    }
  }

  async #bringUp(log: FollowedLog): Promise<void> {
    await bringViewUp(log, {
      ...this.#options,
      files: this.#files,
      writer: this.#writer,
      isEnded: () => this.#isClosed,
    })
    if (!this.#isClosed) this.#followed = undefined
  }

  async #writeFirst(): Promise<void> {
    const batch = this.#pending.shift() as EntryBatch
    try {
      await this.#writer.write(batch)
    } catch (error) {
      this.#pending.unshift(batch)
      throw error
    }
    this.#appliedSequence = batch.lastSequence
    this.#options.onApplied(batch.lastSequence)
  }

  /** After a failure, until it is time to try again or the view is closed. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(metaLimits.topologyRetryMs, resolve)
      this.#pause = () => {
        timer.stop()
        resolve()
      }
    })
  }
}
