// An AMQP consumer of a stream queue: where its deliveries go, and when there is room for them.
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { StreamConsumer, StreamSink } from '../../broker/topic/stream-consumer.ts'
import type { StreamReader } from '../../broker/topic/stream-reader.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { partyOn } from './party.ts'
import { StreamPosition } from './stream-position.ts'
import { encodeTag, writeDelivery } from './write-content.ts'

/** What the consumer was asked for with. */
type StreamAsked = Pick<ConsumerInfo, 'tag' | 'queueName' | 'prefetch' | 'arguments'>

export class AmqpStreamSink implements StreamSink, ChannelConsumer {
  consumer: StreamConsumer | undefined
  readonly #channel: Channel
  readonly #asked: StreamAsked
  readonly #tagBytes: Buffer
  readonly #position = new StreamPosition()
  readonly #delivery = { deliveryTag: 0, isRedelivered: false }

  constructor(channel: Channel, asked: StreamAsked) {
    this.#channel = channel
    this.#asked = asked
    this.#tagBytes = encodeTag(asked.tag)
  }

  get tag(): string {
    return this.#asked.tag
  }

  get queueName(): string {
    return this.#asked.queueName
  }

  get info(): ConsumerInfo | undefined {
    const { consumer } = this
    if (consumer === undefined) return undefined
    const { ackTimeoutMs } = consumer
    const cancel = this.#channel.tellsEnds ? (): void => consumer.onTopicDeleted() : undefined
    const how = { isNoAck: false, isExclusive: false, isActive: true }
    return { ...this.#asked, ...how, ackTimeoutMs, counted: consumer, cancel }
  }

  get party(): Party {
    return partyOn(this.#channel, this.tag)
  }

  get lastDeliveryTag(): number {
    return this.#delivery.deliveryTag
  }

  canTake(): boolean {
    const { connection, room } = this.#channel
    return (connection.outputRoom.hasDeliveryRoom && room.hasRoomFor(false)) || room.refuse(this)
  }

  deliver(reader: StreamReader, record: RecordView): void {
    const channel = this.#channel
    this.#delivery.deliveryTag = channel.nextDeliveryTag()
    channel.counters.delivered++
    channel.unacked.add(this.#delivery.deliveryTag, reader, record.offset)
    const positioned = this.#position.add(record, reader.index)
    writeDelivery(channel, this.#tagBytes, this.#delivery, positioned)
    channel.connection.scheduleFlush()
  }

  onCancelled(): void {
    this.#channel.room.forget(this)
    this.#channel.onConsumerEnded(this.tag)
  }

  deliverReady(): void {}

  cancel(): void {
    this.#channel.room.forget(this)
    this.consumer?.cancel()
  }
}
