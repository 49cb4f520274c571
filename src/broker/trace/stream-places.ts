// Where a message is, by the log and its offset there, and as people are told.
import type { Log } from '../../log/log.ts'
import { logIndexIn, offsetIn } from '../queue/message-place.ts'
import type { WatchedStream } from './message-watch.ts'
import type { TracePlace } from './trace-event.ts'

/** A message in one of the logs of a stream. */
export interface LogPlace {
  readonly log: Log
  /** Of all logs of the stream. */
  readonly index: number
  readonly offset: number
}

export function logsOf({ parts, partitions }: WatchedStream): readonly Log[] {
  return parts?.map(({ cursor }) => cursor.log) ?? partitions?.map(({ log }) => log) ?? []
}

/** Undefined for a place that it does not have. */
export function logPlaceOf(stream: WatchedStream, place: number): LogPlace | undefined {
  const index = logIndexIn(place)
  const log = logsOf(stream)[index]
  return log && { log, index, offset: offsetIn(place) }
}

/** A queue's own log, where it has a source as well, has no number. */
export function tracePlaceOf(
  stream: WatchedStream,
  { index, offset }: Pick<LogPlace, 'index' | 'offset'>,
): TracePlace {
  const { name, parts, partitions, source } = stream
  const isOfSource = parts !== undefined && source !== undefined
  const isOnly = (parts ?? partitions ?? []).length === 1
  const number = isOfSource ? index - 1 : index
  return { stream: name, partition: isOnly || number < 0 ? undefined : number, offset }
}

/** Calls `put` and returns where in the stream that has put a message; undefined: nowhere. */
export function placeOfPut(stream: WatchedStream, put: () => void): LogPlace | undefined {
  const before = logsOf(stream).map(({ endOffset }) => endOffset)
  put()
  // A first message of its priority makes a log.
  const logs = logsOf(stream)
  const index = logs.findIndex(({ endOffset }, at) => endOffset !== (before[at] ?? 0))
  const log = logs[index]
  return log && { log, index, offset: log.endOffset - 1 }
}
