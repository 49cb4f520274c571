import { type BrokerError, preconditionFailed, queueResource } from '../../broker/broker-error.ts'
import { consumerTimeoutOf } from '../../broker/consumer-timeout.ts'
import { StreamConsumer } from '../../broker/topic/stream-consumer.ts'
import { streamFilterOf } from '../../broker/topic/stream-filter.ts'
import { parseStreamStart, type StreamStart } from '../../broker/topic/stream-start.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { BasicConsume } from '../../codec/amqp/methods.gen.ts'
import { type FieldTable } from '../../record/message/field-table.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { ProtocolError } from './reply.ts'
import { AmqpStreamSink } from './stream-sink.ts'

/**
 * basic.consume on a stream queue. Throws `precondition_failed` without a prefetch, `not_implemented`
 * for what streams cannot do, with RabbitMQ's texts and in its order (rabbit_stream_queue.erl).
 */
export function consumeStream(
  channel: Channel,
  topic: Topic,
  tag: string,
  method: BasicConsume,
): ChannelConsumer {
  const args = method.arguments
  const resource = queueResource(topic.vhost, topic.name)
  if (channel.prefetch === 0) {
    throw preconditionFailed(`consumer prefetch count is not set for stream ${resource}`)
  }
  if (method.noAck) {
    throw notImplemented(`automatic acknowledgement not supported by stream ${resource}`)
  }
  if (channel.room.prefetch !== 0) {
    throw notImplemented(`${resource} does not support global qos`)
  }
  const { broker, clock } = channel.connection.context
  const start = startOf(args, clock.now())
  const partition = partitionOf(args, topic)
  if (start?.kind === 'offset' && partition === undefined && topic.partitions.length > 1) {
    throw needsPartition(topic, resource)
  }
  const name = args.get('x-consumer-name')?.value as string | undefined
  const accepts = streamFilterOf(args)
  const ackTimeoutMs = consumerTimeoutOf(args)
  const { prefetch } = channel
  const sink = new AmqpStreamSink(channel, {
    tag,
    queueName: topic.name,
    prefetch,
    arguments: args,
  })
  const options = { prefetch, partition, start, name, accepts, ackTimeoutMs }
  sink.consumer = new StreamConsumer(topic, sink, options, broker.streamContext)
  return sink
}

function startOf(args: FieldTable, now: number): StreamStart | undefined {
  const argument = args.get('x-stream-offset')
  return argument && parseStreamStart(argument, now)
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

function notImplemented(text: string): ProtocolError {
  return new ProtocolError('not_implemented', text)
}
