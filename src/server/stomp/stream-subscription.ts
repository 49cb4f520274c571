// A subscription to a stream: where its deliveries go, and when there is room for them.
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import {
  StreamConsumer,
  type StreamOptions,
  type StreamSink,
} from '../../broker/topic/stream-consumer.ts'
import type { StreamReader } from '../../broker/topic/stream-reader.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { StompDelivery } from './delivery.ts'
import { MessageWriter } from './message-writer.ts'
import { partyOn } from './party.ts'
import type { SubscribedSession } from './subscribed-session.ts'
import type { Subscription, SubscriptionAsked } from './subscription.ts'

export class StreamSubscription implements StreamSink, Subscription {
  readonly asked: SubscriptionAsked
  readonly #session: SubscribedSession
  readonly #writer: MessageWriter
  readonly #delivery = { tag: 0, isRedelivered: false, extraLines: '' }
  readonly #holders = new Map<StreamReader, StompDelivery>()
  #arguments: FieldTable | undefined
  #consumer: StreamConsumer | undefined

  constructor(session: SubscribedSession, asked: SubscriptionAsked) {
    const { version, id: sessionId, connection } = session
    const { topicExchange } = connection.context.settings
    const { tag, id } = asked
    this.#session = session
    this.asked = asked
    this.#writer = new MessageWriter({
      version,
      session: sessionId,
      tag,
      id,
      isAcked: true,
      topicExchange,
    })
  }

  /** Begins to consume. Throws `precondition_failed`. */
  open(topic: Topic, options: StreamOptions, args: FieldTable): void {
    const { streamContext, counters } = this.#session.connection.context.broker
    const counts = counters.consumedBy('STOMP', topic.type)
    this.#arguments = args
    this.#consumer = new StreamConsumer(topic, this, { ...options, counts }, streamContext)
  }

  get info(): ConsumerInfo | undefined {
    const [consumer, args] = [this.#consumer, this.#arguments]
    if (consumer === undefined || args === undefined) return undefined
    const { tag, queueName, prefetch } = this.asked
    const { ackTimeoutMs } = consumer
    const how = { isNoAck: false, isExclusive: false, isActive: true }
    const cancel = (): void => consumer.onTopicDeleted()
    return {
      tag,
      queueName,
      prefetch,
      ...how,
      arguments: args,
      ackTimeoutMs,
      counted: consumer,
      cancel,
    }
  }

  get party(): Party {
    return partyOn(this.#session.connection, this.asked.tag)
  }

  /** See `RoomSeeker`. */
  get lastDeliveryTag(): number {
    return this.#delivery.tag
  }

  get consumer(): StreamConsumer | undefined {
    return this.#consumer
  }

  canTake(): boolean {
    const { connection, room } = this.#session
    return (connection.outputRoom.hasDeliveryRoom && room.hasRoomFor(false)) || room.refuse(this)
  }

  deliver(reader: StreamReader, record: RecordView): void {
    const { connection, counters, unacked } = this.#session
    const delivery = this.#delivery
    delivery.tag = this.#session.nextDeliveryTag()
    delivery.extraLines = `x-stream-offset:${record.offset}\nx-stream-partition:${reader.index}\n`
    counters.delivered++
    unacked.add(delivery.tag, this.#holderOf(reader), record.offset)
    this.#writer.write(connection.output, delivery, record)
    connection.scheduleFlush()
  }

  onCancelled(): void {
    this.#session.room.forget(this)
    this.#session.onSubscriptionEnded(this.asked.tag)
  }

  deliverReady(): void {}

  cancel(): void {
    this.#session.room.forget(this)
    this.#consumer?.cancel()
  }

  #holderOf(reader: StreamReader): StompDelivery {
    const known = this.#holders.get(reader)
    if (known !== undefined) return known
    const holder = new StompDelivery(reader, this.asked.ackMode === 'client')
    this.#holders.set(reader, holder)
    return holder
  }
}
