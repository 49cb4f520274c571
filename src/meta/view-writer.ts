// Writes batches of entries to the view, one after the other, in a thread that is there only while there
// is something to write: SQL and its flushes never hold up the sockets.
import { assert } from '../lib/assert.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { metaLimits } from '../limits/meta.ts'
import type { EntryBatch } from './entry-batch.ts'
import type { TopologyFiles, WriterThread } from './topology-files.ts'

export interface ViewWriterOptions {
  readonly folder: string
  readonly clock: Clock
  readonly files: TopologyFiles
}

export class ViewWriter {
  readonly #options: ViewWriterOptions
  #thread: WriterThread | undefined
  /** Settles the batch under way. */
  #settle: ((error: Error | undefined) => void) | undefined
  /** Settled when the thread that was told to end has. */
  #stopping: Promise<void> | undefined
  /** Ends a thread that has nothing to do. */
  #idle: Timer | undefined
  #isKeepingAlive = false

  constructor(options: ViewWriterOptions) {
    this.#options = options
  }

  /** From now on a thread at work keeps the process alive. */
  keepAlive(): void {
    this.#isKeepingAlive = true
    this.#thread?.ref()
  }

  /** Resolves when the batch is in the view, on disk. Rejects when nothing of it is. One at a time. */
  async write(batch: EntryBatch): Promise<void> {
    await this.#stopping
    assert(this.#settle === undefined, 'the view is written one batch at a time')
    this.#idle?.stop()
    this.#thread ??= this.#start()
    const thread = this.#thread
    const written = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
    })
    thread.apply(batch.pack())
    await written
    this.#idle = this.#options.clock.after(metaLimits.topologyWriterIdleMs, () => void this.stop())
  }

  /** Resolves when nobody has the view open. */
  async stop(): Promise<void> {
    this.#idle?.stop()
    const thread = this.#thread
    if (thread !== undefined && this.#stopping === undefined) {
      this.#stopping = new Promise((resolve) => {
        thread.close(() => {
          this.#thread = undefined
          this.#stopping = undefined
          resolve()
        })
      })
    }
    await this.#stopping
  }

  #start(): WriterThread {
    const { files, folder } = this.#options
    const thread = files.startWriter(folder, {
      onReply: (error) => this.#settle?.(error),
      onFailed: (error) => {
        this.#thread = undefined
        this.#settle?.(error)
      },
    })
    if (this.#isKeepingAlive) thread.ref()
    return thread
  }
}
