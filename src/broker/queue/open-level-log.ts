import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Queue } from './queue.ts'

/** Makes a log like the first one of a queue, for the messages of one more priority. Within an atom. */
export function openLevelLog(
  { isVolatile, log: first, settings, retained }: Queue,
  store: LogStore,
): LogCursor {
  const log = store.createLog({ isVolatile })
  log.homeAddress = first.homeAddress
  log.profile = settings.profile
  const cursor = store.createCursor(log)
  retained?.addLog(store, cursor)
  return cursor
}
