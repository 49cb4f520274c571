import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { QueueSettings } from './queue-settings.ts'
import type { RetainedLogs } from './retained-logs.ts'

/** A queue that has a log for its lowest priority. */
interface LevelledQueue {
  readonly isVolatile: boolean
  readonly log: Log
  readonly settings: QueueSettings
  readonly retained: RetainedLogs | undefined
}

/** Makes a log like the first one of a queue, for the messages of one more priority. Within an atom. */
export function openLevelLog(
  { isVolatile, log: first, settings, retained }: LevelledQueue,
  store: LogStore,
): LogCursor {
  const log = store.createLog({ isVolatile })
  log.homeAddress = first.homeAddress
  log.profile = settings.profile
  const cursor = store.createCursor(log)
  retained?.addLog(store, cursor)
  return cursor
}
