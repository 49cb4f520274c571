import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'

/** Of the first run with a record as late as `time`, in milliseconds since the Unix epoch; infinity for none. */
export async function offsetFrom(store: LogStore, log: Log, time: number): Promise<number> {
  const run = await store.findRunByTimestamp(log, time)
  if (run === undefined) return Infinity
  run.release()
  return run.baseOffset
}
