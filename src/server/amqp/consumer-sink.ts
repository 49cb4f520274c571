// An AMQP consumer as the broker sees it: where its deliveries go, and when there is room for them.
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { Consumer, DeliverySink } from '../../broker/queue/consumer.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { withDeliveryCount } from './delivery-count.ts'
import { partyOn } from './party.ts'
import { encodeTag, writeDelivery } from './write-content.ts'

export class ConsumerSink implements DeliverySink, ChannelConsumer {
  readonly tag: string
  readonly queueName: string
  /** Known as soon as the queue has taken the consumer. */
  consumer: Consumer | undefined
  readonly #channel: Channel
  /** The consumer tag as shortstr. */
  readonly #tagBytes: Buffer
  readonly #delivery = { deliveryTag: 0, isRedelivered: false }

  constructor(channel: Channel, tag: string, queueName: string) {
    this.#channel = channel
    this.queueName = queueName
    this.tag = tag
    this.#tagBytes = encodeTag(tag)
  }

  get info(): ConsumerInfo | undefined {
    const { consumer, queueName } = this
    if (consumer === undefined) return undefined
    const cancel = this.#channel.tellsEnds ? (): void => this.#endByBroker(consumer) : undefined
    const {
      tag,
      isNoAck,
      isExclusive,
      isActive,
      prefetch,
      ackTimeoutMs,
      arguments: args,
    } = consumer
    const asked = { tag, isNoAck, isExclusive, prefetch, arguments: args }
    return { ...asked, queueName, isActive, ackTimeoutMs, counted: consumer, cancel }
  }

  get party(): Party {
    return partyOn(this.#channel, this.tag)
  }

  get lastDeliveryTag(): number {
    return this.#delivery.deliveryTag
  }

  canTake(): boolean {
    const { connection, room } = this.#channel
    const isNoAck = this.consumer?.isNoAck ?? false
    return (connection.outputRoom.hasDeliveryRoom && room.hasRoomFor(isNoAck)) || room.refuse(this)
  }

  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    const channel = this.#channel
    const delivery = this.#delivery
    delivery.deliveryTag = channel.nextDeliveryTag()
    delivery.isRedelivered = isRedelivered
    const { counters } = channel
    let sent = record
    if (isRedelivered) {
      counters.redelivered++
      sent = withDeliveryCount(record, consumer.queue.returnCountOf(record.offset))
    }
    if (consumer.isNoAck) counters.deliveredNoAck++
    else {
      counters.delivered++
      channel.room.take()
      channel.unacked.add(delivery.deliveryTag, consumer, record.offset)
    }
    writeDelivery(channel, this.#tagBytes, delivery, sent)
    channel.connection.scheduleFlush()
  }

  onSettled(consumer: Consumer): void {
    const { room } = this.#channel
    room.giveBack()
    if (room.isContended) room.refuse(this)
    else consumer.resume()
  }

  onCancelled(): void {
    this.#channel.room.forget(this)
    this.#channel.onConsumerEnded(this.tag)
  }

  #endByBroker(consumer: Consumer): void {
    if (consumer.isCancelled) return
    consumer.queue.removeConsumer(consumer)
    this.onCancelled()
  }

  deliverReady(): void {
    this.consumer?.queue.deliverReady()
  }

  cancel(): void {
    this.#channel.room.forget(this)
    this.consumer?.queue.removeConsumer(this.consumer)
  }
}
