import { queueResource } from '../../broker/broker-error.ts'
import { StreamConsumer } from '../../broker/topic/stream-consumer.ts'
import { streamOptionsFor } from '../../broker/topic/stream-options.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { BasicConsume } from '../../codec/amqp/methods.gen.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { ProtocolError } from './reply.ts'
import { AmqpStreamSink } from './stream-sink.ts'

/** basic.consume on a stream queue. Throws what `streamOptionsFor` throws. */
export function consumeStream(
  channel: Channel,
  topic: Topic,
  tag: string,
  { arguments: args, noAck: isNoAck }: BasicConsume,
): ChannelConsumer {
  const { broker, clock } = channel.connection.context
  const { prefetch } = channel
  const asked = { prefetch, isNoAck, arguments: args, now: clock.now() }
  const options = streamOptionsFor(topic, asked)
  if (channel.room.prefetch !== 0) {
    const resource = queueResource(topic.vhost, topic.name)
    throw new ProtocolError('not_implemented', `${resource} does not support global qos`)
  }
  const sink = new AmqpStreamSink(channel, {
    tag,
    queueName: topic.name,
    prefetch,
    arguments: args,
  })
  sink.consumer = new StreamConsumer(topic, sink, options, broker.streamContext)
  return sink
}
