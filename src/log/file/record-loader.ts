// Brings what a read missed into memory: a window of runs from the files, the body of one record
// from a file of its own, or the messages that a batch is converted to.
import { RecordView } from '../../record/message/record-view.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { Absence } from '../reading.ts'
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
  readonly #view = new RecordView()

  constructor(options: RecordLoaderOptions) {
    this.#options = options
  }

  /** See `LogStore.load`. */
  load(log: Log, absence: Absence, done: (error?: Error) => void): void {
    switch (absence.at) {
      case 'window':
        this.#loadWindow(log, absence, done)
        return
      case 'body':
        void this.#loadBody(log, absence, done)
        return
      case 'conversion':
        log.prepareMessages(absence.run, absence.offset, done)
        return
      default:
        absence satisfies never
    }
  }

  /** The record there may lack something else; what brings that too spares its reader another round. */
  #loadWindow(
    log: Log,
    { offset, needsNoBody }: Absence & { readonly at: 'window' },
    done: (error?: Error) => void,
  ): void {
    const reader = log.isVolatile ? this.#options.spill : this.#options.coldReader
    reader.load(log, offset, (error) => {
      const reading = error === undefined ? log.read(offset, this.#view) : undefined
      const absence = typeof reading === 'object' && reading.at !== 'window' ? reading : undefined
      if (absence === undefined || (absence.at === 'body' && needsNoBody === true)) done(error)
      else this.load(log, absence, done)
    })
  }

  async #loadBody(
    log: Log,
    { offset, asideId }: Absence & { readonly at: 'body' },
    done: (error?: Error) => void,
  ): Promise<void> {
    try {
      await this.#options.asides.load(asideId)
    } catch (error) {
      // The record is a gap from now on; the reader goes on after it.
      this.#options.events.onDamaged?.(log, offset, offset, error as Error)
    }
    done()
  }
}
