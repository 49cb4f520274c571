// The queryable form of the topology entries in the log: `<data>/meta.db`. The log is the truth;
// the view follows it, off the main thread, and says through which entry it has come. While it is
// open, the data folder belongs to this process.
//
// Life: 1. `open` takes the folder. 2. `load` gives rows and `appliedSequence`; the caller replays
// the log's entries after it, into its own state and into `apply`. 3. `apply` follows the log; the
// log must keep an entry until `onApplied` has reached its sequence. 4. `close` waits for the rest.
//
// A missing file is an empty view at sequence 0. That is right for a new folder. On an old folder,
// entries that the log has dropped already are nowhere any more: `checkReplayCovers` tells the two
// apart and refuses to start with half a topology.
import { assert } from '../lib/assert.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { metaLimits } from '../limits/meta.ts'
import { EntryBatch } from './entry-batch.ts'
import type { Topology } from './topology-database.ts'
import { TopologyDamagedError } from './topology-error.ts'
import { systemTopologyFiles, type TopologyFiles, type WriterThread } from './topology-files.ts'

export interface TopologyViewOptions {
  /** The data folder; it must exist. */
  readonly folder: string
  readonly clock: Clock
  /** Everything up to `sequence` is in the view, on disk: the log may drop those entries. */
  readonly onApplied: (sequence: number) => void
  /** A write failed. Nothing is lost; it is tried again after a while. */
  readonly onFailed: (error: Error) => void
  /** Where lock and view are; by default in the folder. */
  readonly files?: TopologyFiles
}

export class TopologyView implements AsyncDisposable {
  readonly #options: TopologyViewOptions
  readonly #files: TopologyFiles
  readonly #lock: Disposable
  /** In order; the last one takes more. */
  #pending: EntryBatch[] = []
  /** What the worker has been given and not answered yet. */
  #writing: EntryBatch | undefined = undefined
  #worker: WriterThread | undefined = undefined
  /** Settled when the worker that was told to end has. */
  #stopping: Promise<void> | undefined = undefined
  #retry: Timer | undefined = undefined
  /** Ends a worker that has nothing to do. */
  #idle: Timer | undefined = undefined
  #appliedSequence = 0
  #lastSequence = 0
  #isClosed = false
  #waiters: (() => void)[] = []

  /**
   * Takes the data folder. Throws `DataFolderLockedError` when another broker has it,
   * `DataFolderUnwritableError` when it is missing or cannot be written.
   */
  constructor(options: TopologyViewOptions) {
    this.#options = options
    this.#files = options.files ?? systemTopologyFiles
    this.#lock = this.#files.lock(options.folder)
  }

  /**
   * Reads the view; call it once, before `apply`. Throws `TopologyDamagedError` or
   * `TopologyVersionError` when it cannot be read.
   */
  load(): Topology {
    const topology = this.#files.load(this.#options.folder)
    this.#appliedSequence = topology.appliedSequence
    this.#lastSequence = topology.appliedSequence
    return topology
  }

  /** Everything up to here is in the view. */
  get appliedSequence(): number {
    return this.#appliedSequence
  }

  /**
   * Adds an entry that is durable in the log; the view must never be ahead of the log. Sequences
   * rise; those that are in the view already are skipped, so that a replay may start too early. The
   * bytes are copied.
   */
  apply(sequence: number, bytes: Uint8Array): void {
    assert(!this.#isClosed, 'a closed view applies nothing')
    if (sequence <= this.#appliedSequence) return
    assert(sequence > this.#lastSequence, `sequence ${sequence} follows ${this.#lastSequence}`)
    this.#lastSequence = sequence
    this.#openBatch().add(sequence, bytes)
    this.#write()
  }

  /** Resolves when everything given so far is in the view. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing !== undefined) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** Waits until everything given so far is in the view and reads it again. */
  async reload(): Promise<Topology> {
    this.#worker?.ref()
    await this.flush()
    // Only one connection to the file may be open.
    await this.#stopWorker()
    return this.#files.load(this.#options.folder)
  }

  /**
   * Writes what is pending, once more if writing has been failing, and gives the folder free. What
   * cannot be written stays in the log and is replayed at the next start.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#retry?.stop()
    this.#retry = undefined
    this.#worker?.ref()
    this.#write()
    await this.flush()
    await this.#stopWorker()
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

  #write(): void {
    if (this.#writing !== undefined || this.#retry || this.#stopping) return
    this.#writing = this.#pending.shift()
    if (this.#writing === undefined) return
    this.#idle?.stop()
    this.#worker ??= this.#startWorker()
    this.#worker.apply(this.#writing.pack())
  }

  #startWorker(): WriterThread {
    const worker = this.#files.startWriter(this.#options.folder, {
      onReply: (error) => {
        if (error === undefined) this.#onWritten()
        else this.#onFailed(error)
      },
      onFailed: (error) => {
        this.#worker = undefined
        this.#onFailed(error)
      },
    })
    if (this.#isClosed) worker.ref()
    return worker
  }

  #onWritten(): void {
    this.#appliedSequence = this.#writing?.lastSequence ?? this.#appliedSequence
    this.#writing = undefined
    this.#options.onApplied(this.#appliedSequence)
    this.#write()
    if (this.#writing === undefined) this.#idle = this.#stopWhenIdle()
    this.#wakeWaiters()
  }

  #onFailed(error: Error): void {
    if (this.#isClosed) this.#pending = []
    else if (this.#writing !== undefined) this.#pending.unshift(this.#writing)
    this.#writing = undefined
    this.#options.onFailed(error)
    if (!this.#isClosed) {
      this.#retry = this.#options.clock.after(metaLimits.topologyRetryMs, () => {
        this.#retry = undefined
        this.#write()
      })
    }
    this.#wakeWaiters()
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  #stopWhenIdle(): Timer {
    return this.#options.clock.after(metaLimits.topologyWriterIdleMs, () => void this.#stopWorker())
  }

  /** What comes meanwhile waits: only one connection to the file may be open. */
  async #stopWorker(): Promise<void> {
    this.#idle?.stop()
    const worker = this.#worker
    if (worker !== undefined && this.#stopping === undefined) {
      const stopped = Promise.withResolvers<void>()
      this.#stopping = stopped.promise
      worker.close(() => {
        this.#worker = undefined
        this.#stopping = undefined
        stopped.resolve()
        this.#write()
      })
    }
    await this.#stopping
  }
}

/**
 * Throws `TopologyDamagedError` unless the log still has every entry after the view's last one.
 * `droppedThrough` is the highest sequence whose entries the log has dropped; 0 when none.
 */
export function checkReplayCovers(topology: Topology, droppedThrough: number): void {
  if (topology.appliedSequence >= droppedThrough) return
  throw new TopologyDamagedError(
    `Cannot rebuild the topology as meta.db ends at entry ${topology.appliedSequence} and the log ` +
      `begins after entry ${droppedThrough}: restore meta.db from a backup of this data folder`,
  )
}
