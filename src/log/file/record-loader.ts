// Brings what a read missed into memory: a window of runs from the files, the body of one record
// from a file of its own, or the messages that a batch is converted to.
import { RecordView } from '../../record/message/record-view.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { AsideStore } from './aside-store.ts'
import type { ColdReader } from './cold-reader.ts'
import type { VolatileSpill } from './volatile-spill.ts'

export interface RecordLoaderOptions {
  readonly coldReader: ColdReader
  readonly spill: VolatileSpill
  readonly asides: AsideStore
  readonly events: LogStoreEvents
}

export class RecordLoader {
  readonly #options: RecordLoaderOptions

  constructor(options: RecordLoaderOptions) {
    this.#options = options
  }

  /** See `LogStore.load`. */
  load(log: Log, offset: number, done: (error?: Error) => void): void {
    if (this.#loadRest(log, offset, done)) return
    const reader = log.isVolatile ? this.#options.spill : this.#options.coldReader
    reader.load(log, offset, (error) => {
      if (error !== undefined) done(error)
      else if (!this.#loadRest(log, offset, done)) done()
    })
  }

  /** Brings what a run in memory lacks; false when the run itself must be read first. */
  #loadRest(log: Log, offset: number, done: () => void): boolean {
    const view = new RecordView()
    const isAbsent = log.read(offset, view) === 'absent'
    const { missingRun, missingAsideId } = log
    log.missingRun = undefined
    if (!isAbsent) done()
    else if (missingAsideId !== 0) void this.#loadAside(log, view.offset, done)
    else if (missingRun !== undefined) log.prepareMessages(missingRun, log.missingOffset, done)
    else return false
    return true
  }

  async #loadAside(log: Log, offset: number, done: (error?: Error) => void): Promise<void> {
    try {
      await this.#options.asides.load(log.missingAsideId)
    } catch (error) {
      // The record is a gap from now on; the reader goes on after it.
      this.#options.events.onDamaged?.(log, offset, offset, error as Error)
    }
    done()
  }
}
