// What a consumer of a stream is asked for with, whatever its protocol: consumer arguments as AMQP has them, checked with
// RabbitMQ's texts and in its order (rabbit_stream_queue.erl).
import type { FieldTable } from '../../record/message/field-table.ts'
import { BrokerError, preconditionFailed, queueResource } from '../broker-error.ts'
import { consumerTimeoutOf } from '../consumer-timeout.ts'
import type { StreamOptions } from './stream-consumer.ts'
import { streamFilterOf } from './stream-filter.ts'
import { parseStreamStart } from './stream-start.ts'
import type { Topic } from './topic.ts'

export interface StreamAsked {
  readonly prefetch: number
  readonly isNoAck: boolean
  readonly arguments: FieldTable
  /** What an age counts from, in milliseconds since the Unix epoch. */
  readonly now: number
}

/** Throws `precondition_failed` without a prefetch, `not_implemented` for what streams cannot do. */
export function streamOptionsFor(topic: Topic, asked: StreamAsked): StreamOptions {
  const { prefetch, isNoAck, arguments: args, now } = asked
  const resource = queueResource(topic.vhost, topic.name)
  if (prefetch === 0) {
    throw preconditionFailed(`consumer prefetch count is not set for stream ${resource}`)
  }
  if (isNoAck) {
    const text = `automatic acknowledgement not supported by stream ${resource}`
    throw new BrokerError('not_implemented', text)
  }
  const offset = args.get('x-stream-offset')
  const start = offset && parseStreamStart(offset, now)
  const partition = partitionOf(args, topic)
  if (start?.kind === 'offset' && partition === undefined && topic.partitions.length > 1) {
    throw needsPartition(topic, resource)
  }
  const name = args.get('x-consumer-name')?.value as string | undefined
  const accepts = streamFilterOf(args)
  return { prefetch, partition, start, name, accepts, ackTimeoutMs: consumerTimeoutOf(args) }
}

function partitionOf(args: FieldTable, topic: Topic): number | undefined {
  const argument = args.get('x-stream-partition')
  if (argument === undefined) return undefined
  const index = Number(argument.value)
  const count = topic.partitions.length
  if (index < count) return index
  throw preconditionFailed(
    `no partition ${index} in stream ${queueResource(topic.vhost, topic.name)}, which has ${count}`,
  )
}

function needsPartition(topic: Topic, resource: string): BrokerError {
  return preconditionFailed(
    `a numeric x-stream-offset needs x-stream-partition: stream ${resource} has ` +
      `${topic.partitions.length} partitions`,
  )
}
