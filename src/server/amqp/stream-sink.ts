// An AMQP consumer of a stream queue: where its deliveries go, and when there is room for them.
import type { StreamConsumer, StreamSink } from '../../broker/topic/stream-consumer.ts'
import type { StreamReader } from '../../broker/topic/stream-reader.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { StreamPosition } from './stream-position.ts'
import { encodeTag, writeDelivery } from './write-content.ts'

export class AmqpStreamSink implements StreamSink, ChannelConsumer {
  readonly tag: string
  readonly queueName: string
  consumer: StreamConsumer | undefined
  readonly #channel: Channel
  readonly #tagBytes: Buffer
  readonly #position = new StreamPosition()
  readonly #delivery = { deliveryTag: 0, isRedelivered: false }

  constructor(channel: Channel, tag: string, queueName: string) {
    this.#channel = channel
    this.queueName = queueName
    this.tag = tag
    this.#tagBytes = encodeTag(tag)
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
