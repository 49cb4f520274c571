import { consumerTagReused, queueResource } from '../../broker/broker-error.ts'
import type { Destination } from '../../broker/destination.ts'
import { checkConsumerArguments } from '../../broker/queue-arguments.ts'
import { withLeftCount } from '../../broker/queue/count-left.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { checkReplyConsumer, replyQueueName } from '../../broker/reply-registry.ts'
import { requeue, settlers } from '../../broker/settle.ts'
import type { DeliveryHolder, SettleReason } from '../../broker/unacked-deliveries.ts'
import {
  type AmqpMethod,
  BASIC_ACK,
  BASIC_CANCEL,
  BASIC_CANCEL_OK,
  BASIC_CONSUME,
  BASIC_CONSUME_OK,
  BASIC_GET,
  BASIC_GET_EMPTY,
  BASIC_NACK,
  BASIC_QOS,
  BASIC_QOS_OK,
  BASIC_RECOVER,
  BASIC_RECOVER_ASYNC,
  BASIC_RECOVER_OK,
  BASIC_REJECT,
  type BasicCancel,
  type BasicConsume,
  type BasicGet,
  type BasicQos,
} from '../../codec/amqp/methods.gen.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { consumeStream } from './consume-stream.ts'
import { ConsumerSink } from './consumer-sink.ts'
import { withDeliveryCount } from './delivery-count.ts'
import { partyOn } from './party.ts'
import { readableQueue, workQueue } from './queue-methods.ts'
import { ReplyConsumer } from './reply-consumer.ts'
import { ProtocolError, unexpectedMethod } from './reply.ts'
import { writeGetOk } from './write-content.ts'

const tagSuffixBytes = 16

/** Every method of class basic that clients send, publish excepted. */
export function handleBasicMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id) {
    case BASIC_QOS:
      setPrefetch(channel, method)
      return
    case BASIC_CONSUME:
      consume(channel, method)
      return
    case BASIC_CANCEL:
      cancel(channel, method)
      return
    case BASIC_GET:
      get(channel, method)
      return
    case BASIC_ACK:
      settle(channel, method.deliveryTag, method.multiple, 'ack')
      return
    case BASIC_NACK:
      settle(channel, method.deliveryTag, method.multiple, method.requeue ? 'requeue' : 'reject')
      return
    case BASIC_REJECT:
      settle(channel, method.deliveryTag, false, method.requeue ? 'fail' : 'reject')
      return
    case BASIC_RECOVER:
    case BASIC_RECOVER_ASYNC:
      recover(channel, method.requeue)
      if (method.id === BASIC_RECOVER) channel.send({ id: BASIC_RECOVER_OK })
      return
    default:
      throw unexpectedMethod()
  }
}

function setPrefetch(channel: Channel, method: BasicQos): void {
  if (method.prefetchSize !== 0) {
    throw new ProtocolError('not_implemented', `prefetch_size!=0 (${method.prefetchSize})`)
  }
  if (method.global) {
    channel.room.prefetch = method.prefetchCount
    channel.room.tellRefused()
  } else {
    channel.prefetch = method.prefetchCount
  }
  channel.send({ id: BASIC_QOS_OK })
}

function consume(channel: Channel, method: BasicConsume): void {
  const tag = method.consumerTag === '' ? serverTag(channel) : method.consumerTag
  if (channel.consumers.has(tag)) throw consumerTagReused(tag)
  if (channel.consumers.size >= amqpLimits.consumersPerChannelMax) {
    const most = amqpLimits.consumersPerChannelMax
    throw new ProtocolError('not_allowed', `reached maximum (${most}) of consumers per channel`)
  }
  channel.connection.context.broker.admission.admit()
  const sink =
    method.queue === replyQueueName
      ? consumeReplies(channel, tag, method.noAck)
      : consumeQueue(channel, tag, method)
  channel.consumers.set(tag, sink)
  if (!method.noWait) channel.send({ id: BASIC_CONSUME_OK, consumerTag: tag })
}

function consumeReplies(channel: Channel, tag: string, isNoAck: boolean): ChannelConsumer {
  checkReplyConsumer({ isNoAck, isTaken: channel.replyConsumer !== undefined })
  const consumer = new ReplyConsumer(channel, tag)
  channel.replyConsumer = consumer
  return consumer
}

function consumeQueue(channel: Channel, tag: string, method: BasicConsume): ChannelConsumer {
  const queue = readableQueue(channel, method.queue)
  const args = method.arguments
  checkConsumerArguments(channel.vhost.name, queue, args)
  checkGlobalQos(channel, queue)
  if (queue.kind === 'topic') return consumeStream(channel, queue, tag, method)
  const sink = new ConsumerSink(channel, tag, queue.name)
  sink.consumer = queue.addConsumer(sink, {
    tag,
    isNoAck: method.noAck,
    isExclusive: method.exclusive,
    prefetch: channel.prefetch,
    arguments: args,
  })
  return sink
}

/** RabbitMQ has no limit over several consumers of a quorum queue; here it works, unless it is not to. */
function checkGlobalQos({ connection, room }: Channel, { type, vhost, name }: Destination): void {
  if (room.prefetch === 0 || type !== 'quorum' || !connection.context.settings.isStrict) return
  const text = `${queueResource(vhost, name)} does not support global qos`
  throw new ProtocolError('not_implemented', text)
}

function serverTag(channel: Channel): string {
  const { random } = channel.connection.context
  return `amq.ctag-${random.bytes(tagSuffixBytes).toString('base64url')}`
}

/** An unknown consumer tag is fine. */
function cancel(channel: Channel, method: BasicCancel): void {
  const sink = channel.consumers.get(method.consumerTag)
  sink?.deliverReady()
  channel.consumers.delete(method.consumerTag)
  sink?.cancel()
  if (!method.noWait) channel.send({ id: BASIC_CANCEL_OK, consumerTag: method.consumerTag })
}

function get(channel: Channel, method: BasicGet): void {
  const { connection } = channel
  if (!connection.outputRoom.hasRoom) {
    channel.waitForRoom(() => get(channel, method))
    return
  }
  const queue = workQueue(channel, method.queue, 'basic.get')
  if (!method.noAck && !channel.room.hasUnackedRoom) {
    throw new ProtocolError('resource_error', 'too many messages are unacknowledged')
  }
  const view = new RecordView()
  const result = queue.take(view, method.noAck)
  if (result === 'wait') {
    channel.wait()
    queue.whenReadable(() => channel.resume(() => get(channel, method)))
    return
  }
  const { counters } = channel
  if (result === 'empty') {
    counters.gotEmpty++
    channel.send({ id: BASIC_GET_EMPTY })
    return
  }
  const deliveryTag = channel.nextDeliveryTag()
  const { isRedelivered } = queue
  connection.context.broker.watch.observer?.onHandover(queue, view, {
    kind: 'got',
    to: { party: partyOn(channel) },
    isRedelivered,
    isNoAck: method.noAck,
  })
  const sent = isRedelivered ? withDeliveryCount(view, queue.returnCountOf(view.offset)) : view
  withLeftCount(queue, view, (leftCount) => {
    writeGetOk(channel, { deliveryTag, isRedelivered }, leftCount, sent)
  })
  connection.scheduleFlush()
  if (isRedelivered) counters.redelivered++
  if (method.noAck) {
    counters.gotNoAck++
    queue.drop(view.offset)
  } else {
    counters.got++
    channel.unacked.add(deliveryTag, new GetHolder(queue), view.offset)
  }
}

function settle(channel: Channel, tag: number, isMultiple: boolean, reason: SettleReason): void {
  if (channel.transaction === undefined) channel.settle(tag, isMultiple, settlers[reason])
  else channel.transaction.addSettled(tag, isMultiple, reason)
}

function recover(channel: Channel, isRequeued: boolean): void {
  if (!isRequeued) throw new ProtocolError('not_implemented', 'requeue=false')
  channel.unacked.settleAll(requeue)
  channel.room.tellRefused()
}

/** Who an unacked message of basic.get belongs to. */
class GetHolder implements DeliveryHolder {
  readonly #queue: Queue

  constructor(queue: Queue) {
    this.#queue = queue
  }

  get from(): Queue {
    return this.#queue
  }

  get ackTimeoutMs(): number {
    return this.#queue.ackTimeoutMs
  }

  settle(offset: number, reason: SettleReason): void {
    this.#queue.settle(offset, reason)
  }
}
