// A subscription to a work queue, as the broker sees it: where its deliveries go, and when there is room for them.
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { Consumer, DeliverySink } from '../../broker/queue/consumer.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { StompDelivery } from './delivery.ts'
import { MessageWriter } from './message-writer.ts'
import { partyOn } from './party.ts'
import type { SubscribedSession } from './subscribed-session.ts'
import type { Subscription, SubscriptionAsked } from './subscription.ts'

export class QueueSubscription implements DeliverySink, Subscription {
  readonly asked: SubscriptionAsked
  readonly #session: SubscribedSession
  readonly #writer: MessageWriter
  readonly #delivery = { tag: 0, isRedelivered: false, extraLines: '' }
  #consumer: Consumer | undefined
  #holder: StompDelivery | undefined

  constructor(session: SubscribedSession, asked: SubscriptionAsked) {
    const { version, id: sessionId, connection } = session
    const { topicExchange } = connection.context.settings
    const { tag, id, ackMode } = asked
    const isAcked = ackMode !== 'auto'
    this.#session = session
    this.asked = asked
    this.#writer = new MessageWriter({
      version,
      session: sessionId,
      tag,
      id,
      isAcked,
      topicExchange,
    })
  }

  /** Begins to consume. Throws what `Queue.addConsumer` throws. */
  open(queue: Queue, args: FieldTable): void {
    const { tag, ackMode, prefetch } = this.asked
    const isNoAck = ackMode === 'auto'
    const { broker } = this.#session.connection.context
    const counts = broker.counters.consumedBy('STOMP', queue.type)
    const options = { tag, isNoAck, isExclusive: false, prefetch, arguments: args, counts }
    this.#consumer = queue.addConsumer(this, options)
    this.#holder = new StompDelivery(this.#consumer, ackMode === 'client')
  }

  get info(): ConsumerInfo | undefined {
    const consumer = this.#consumer
    if (consumer === undefined) return undefined
    const { tag, isNoAck, isExclusive, isActive, prefetch, ackTimeoutMs } = consumer
    const { queueName } = this.asked
    const asked = { tag, isNoAck, isExclusive, prefetch, arguments: consumer.arguments }
    const cancel = (): void => this.#endByBroker(consumer)
    return { ...asked, queueName, isActive, ackTimeoutMs, counted: consumer, cancel }
  }

  get party(): Party {
    return partyOn(this.#session.connection, this.asked.tag)
  }

  /** See `RoomSeeker`. */
  get lastDeliveryTag(): number {
    return this.#delivery.tag
  }

  get consumer(): Consumer | undefined {
    return this.#consumer
  }

  canTake(): boolean {
    const { connection, room } = this.#session
    const isNoAck = this.asked.ackMode === 'auto'
    return (connection.outputRoom.hasDeliveryRoom && room.hasRoomFor(isNoAck)) || room.refuse(this)
  }

  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    const { connection, counters, room, unacked } = this.#session
    const delivery = this.#delivery
    delivery.tag = this.#session.nextDeliveryTag()
    delivery.isRedelivered = isRedelivered
    delivery.extraLines = ''
    if (isRedelivered) {
      counters.redelivered++
      const count = consumer.queue.returnCountOf(record.offset)
      if (count > 0) delivery.extraLines = `x-delivery-count:${count}\n`
    }
    if (consumer.isNoAck) counters.deliveredNoAck++
    else {
      counters.delivered++
      room.take()
      // Deliveries begin when the queue has taken the consumer.
      this.#holder ??= new StompDelivery(consumer, this.asked.ackMode === 'client')
      unacked.add(delivery.tag, this.#holder, record.offset)
    }
    this.#writer.write(connection.output, delivery, record)
    connection.scheduleFlush()
  }

  onSettled(consumer: Consumer): void {
    const { room } = this.#session
    room.giveBack()
    if (room.isContended) room.refuse(this)
    else consumer.resume()
  }

  onCancelled(): void {
    this.#session.room.forget(this)
    this.#session.onSubscriptionEnded(this.asked.tag)
  }

  #endByBroker(consumer: Consumer): void {
    if (consumer.isCancelled) return
    consumer.queue.removeConsumer(consumer)
    this.onCancelled()
  }

  deliverReady(): void {
    this.#consumer?.queue.deliverReady()
  }

  cancel(): void {
    this.#session.room.forget(this)
    this.#consumer?.queue.removeConsumer(this.#consumer)
  }
}
