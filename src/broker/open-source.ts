// The source of a queue (its argument `x-source`): the topic whose records are its messages.
import { brokerLimits } from '../limits/broker.ts'
import type { LogStore } from '../log/log-store.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import { findTimeMs } from './argument-check.ts'
import { preconditionFailed, queueNotFound, queueResource } from './broker-error.ts'
import type { Destination } from './destination.ts'
import type { SourcePlace } from './queue/message-source.ts'
import type { Queue } from './queue/queue.ts'
import type { Partition } from './topic/partition.ts'
import { parseStreamStart, type StreamStart } from './topic/stream-start.ts'
import type { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'

/** Which topic a queue is to take its messages from; undefined: from none. */
export function sourceNameOf(args: FieldTable): string | undefined {
  return nameOf(args.get('x-source'))
}

/**
 * The topic that the arguments of a queue name, if they name one. Throws `queue_not_found`, and
 * `precondition_failed` when it is not a topic or has too many partitions.
 */
export function findSource(vhost: VHost<Destination>, args: FieldTable): Topic | undefined {
  const name = sourceNameOf(args)
  if (name === undefined) return undefined
  const found = vhost.findQueue(name)
  if (found === undefined) throw queueNotFound(vhost.name, name)
  const resource = queueResource(vhost.name, name)
  if (found.kind !== 'topic') {
    throw preconditionFailed(`${resource} cannot be a source: it is not a stream or topic`)
  }
  const { sourcePartitionsMax } = brokerLimits
  const count = found.partitions.length
  if (count <= sourcePartitionsMax) return found
  throw preconditionFailed(
    `${resource} cannot be a source: it has ${count} partitions, and ${sourcePartitionsMax} are the limit`,
  )
}

/** What was looked up of a start that the disk knows: where it is in each partition of `topic`. */
export interface SourceStart {
  readonly topic: Topic
  readonly offsets: readonly number[]
}

/**
 * A new place in `topic`, where `x-source-offset` says: by default after all that is there. `found` is what
 * `findSourceStart` found. Within an atom. Throws `precondition_failed` when it should have been asked.
 */
export function openSource(
  store: LogStore,
  topic: Topic,
  { args, found }: { readonly args: FieldTable; readonly found: SourceStart | undefined },
): SourcePlace<Queue> {
  const start = sourceStartOf(args, 0)
  if (needsSearch(start) && found?.topic !== topic) {
    throw preconditionFailed(
      `x-source-offset of ${queueResource(topic.vhost, topic.name)} is unknown`,
    )
  }
  const cursors = topic.partitions.map((partition, index) => {
    const { log, startOffset } = partition
    const offset = offsetIn(partition, start, found?.offsets[index])
    return store.createCursor(log, Math.min(Math.max(offset, startOffset), log.endOffset))
  })
  return { topic, cursors }
}

/** Where `x-source-offset` says that a queue begins; `now` is the time that an age counts from. */
export function sourceStartOf(args: FieldTable, now: number): StreamStart {
  const argument = args.get('x-source-offset')
  if (argument === undefined) return { kind: 'next' }
  const timestamp = findTimeMs(argument)
  return timestamp === undefined
    ? parseStreamStart(argument, now)
    : { kind: 'timestamp', timestamp }
}

/** The arguments with a time as text: JSON, and so files of definitions, has no timestamps. */
export function withTimeAsText(args: FieldTable): FieldTable {
  const argument = args.get('x-source-offset')
  if (argument?.type !== 'timestamp') return args
  const time = new Date(Number(argument.value) * 1000)
  if (Number.isNaN(time.getTime())) return args
  const value = time.toISOString().replace('.000Z', 'Z')
  return args.with('x-source-offset', { type: 'longstr', value })
}

/** Whether only the disk knows where that is. */
export function needsSearch({ kind }: StreamStart): boolean {
  return kind === 'last' || kind === 'timestamp'
}

/** A partition that has come since the start was looked up is read from its beginning. */
function offsetIn(
  { log, startOffset }: Partition,
  start: StreamStart,
  found = startOffset,
): number {
  switch (start.kind) {
    case 'first':
      return found
    case 'next':
      return log.endOffset
    case 'offset':
      return Math.max(start.offset, found)
    case 'last':
    case 'timestamp':
      return found
    default:
      return start satisfies never
  }
}
