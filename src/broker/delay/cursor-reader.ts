// Reads what waits in the logs of delayed messages. The bodies that are in files of their own stay there.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordView } from '../../record/message/record-view.ts'

export interface CursorReaderOptions {
  readonly store: LogStore
  /** So many messages cannot be had and count no more. */
  readonly onSkipped: (count: number) => void
  /** What is at `offset` of the log cannot be read any more and was skipped. */
  readonly onDamaged: (offset: number, error: Error) => void
}

export class CursorReader {
  readonly #options: CursorReaderOptions

  constructor(options: CursorReaderOptions) {
    this.#options = options
  }

  /**
   * Reads the first message at or after `offset` that exists into `view`; its body only as far as it is
   * in memory. What is missing before it is skipped. 'wait': `onReadable` says when to read again.
   */
  read(
    cursor: LogCursor,
    offset: number,
    view: RecordView,
    onReadable: () => void,
  ): 'record' | 'end' | 'wait' {
    const { log } = cursor
    const reading = log.read(offset, view)
    if (reading === 'end') {
      this.#skip(cursor, offset, log.endOffset - 1)
      return 'end'
    }
    if (reading === 'record' || reading.at === 'body') {
      this.#skip(cursor, offset, view.offset - 1)
      return 'record'
    }
    const absence = reading.at === 'window' ? { ...reading, needsNoBody: true } : reading
    this.#options.store.load(log, absence, (error) => {
      if (error !== undefined && !log.isDeleted) {
        this.#options.onDamaged(offset, error)
        this.#skip(cursor, offset, offset)
      }
      onReadable()
    })
    return 'wait'
  }

  #skip(cursor: LogCursor, first: number, last: number): void {
    if (last < first) return
    const count = cursor.skipRange(first, last)
    if (count > 0) this.#options.onSkipped(count)
  }
}
