// Reads one record of a log for whoever needs it once, and disturbs no other reader.
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import { RecordView } from '../record/message/record-view.ts'

/**
 * The record at `offset`, or the first one after it; undefined when there is none. `use` is called with a view that is
 * good until it returns. Rejects when the disk cannot be read, or as `use` throws.
 */
export function readRecord<T>(
  { store, log }: { readonly store: LogStore; readonly log: Log },
  offset: number,
  use: (view: RecordView) => T,
): Promise<Awaited<T> | undefined> {
  const view = new RecordView()
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>()
  const step = (): void => {
    try {
      const reading = log.read(offset, view)
      if (typeof reading !== 'object') resolve(reading === 'record' ? use(view) : undefined)
      else {
        store.load(log, reading, (error) => {
          if (error === undefined) step()
          else reject(error)
        })
      }
    } catch (error) {
      reject(error)
    }
  }
  step()
  return promise as Promise<Awaited<T> | undefined>
}
