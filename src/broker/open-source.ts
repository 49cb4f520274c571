// The source of a queue (its argument `x-source`): the topic whose records are its messages.
import { brokerLimits } from '../limits/broker.ts'
import type { LogStore } from '../log/log-store.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import { preconditionFailed, queueNotFound, queueResource } from './broker-error.ts'
import type { Destination } from './destination.ts'
import type { SourcePlace } from './queue/message-source.ts'
import type { Queue } from './queue/queue.ts'
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

/** A new place in `topic`, where `x-source-offset` says: by default after all that is there. Within an atom. */
export function openSource(store: LogStore, topic: Topic, args: FieldTable): SourcePlace<Queue> {
  const isFromFirst = args.get('x-source-offset')?.value === 'first'
  const cursors = topic.partitions.map(({ log, startOffset }) => {
    return store.createCursor(log, isFromFirst ? startOffset : log.endOffset)
  })
  return { topic, cursors }
}
