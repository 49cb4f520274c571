// Sessions that share the messages of a filter: each message goes to one of them [MQTT-4.8.2-4]. They are in a queue
// `$share/group/filter`, whose consumers are the members that have a connection.
//
// Invariant: a message that a member with a lasting session is to answer moves into the member's own queue, in one atom:
// there it waits for this member, whatever crashes. With another member it stays in the group's until it is answered.
import type { Clock } from '../../lib/clock.ts'
import type { LogStore } from '../../log/log-store.ts'
import { encodeAddress, decodeAddress } from '../../record/message/address.ts'
import { countDownExpiration } from '../../record/message/count-down-expiration.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { fillFromView, setAddress } from '../../record/message/fill-source.ts'
import { publishQosOf } from '../../record/message/published-topic.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import type { QueueTarget } from '../exchange/binding.ts'
import type { Consumer, DeliverySink } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import type { Party } from '../trace/party.ts'
import { factsOf, type OwnSubscription, type SharedMember } from './own-subscriptions.ts'
import type { Session } from './session.ts'
import type { IndexedSubscriber, IndexedSubscription } from './subscription-index.ts'

export interface GroupQueue {
  readonly queue: Queue
  readonly target: QueueTarget<Destination>
}

export class SharedGroup implements IndexedSubscriber, IndexedSubscription {
  /** `$share/group/filter`. */
  readonly name: string
  readonly filter: string
  readonly subscriber: SharedGroup = this
  /** All go through its queue. */
  readonly options = { qos: 2, noLocal: false } as const
  queue: Queue
  target: QueueTarget<Destination>
  readonly members: Set<GroupMember> = new Set()

  constructor(
    { text, filter }: { readonly text: string; readonly filter: string },
    { queue, target }: GroupQueue,
  ) {
    this.name = text
    this.filter = filter
    this.queue = queue
    this.target = target
  }

  /** Somebody has deleted its queue: its members go on with another one. */
  goOnWith({ queue, target }: GroupQueue): void {
    this.queue = queue
    this.target = target
    for (const member of this.members) if (member.session.hasStarted) member.start()
  }

  takeDirectly(): void {}

  /** A message that a member has not answered, and will not. Within an atom. */
  takeBack(record: RecordView, exchange: string, now: number): void {
    this.queue.publish(sourceWithExchange(record, exchange, now), -1)
  }
}

/** What a member needs of its group's virtual host. */
export interface MemberContext {
  readonly store: LogStore
  readonly clock: Clock
  /** It has left the group. */
  onLeft(group: SharedGroup): void
}

export class GroupMember implements DeliverySink, SharedMember {
  readonly group: SharedGroup
  readonly session: Session
  readonly #subscription: () => OwnSubscription | undefined
  readonly #context: MemberContext
  #consumer: Consumer | undefined

  constructor(group: SharedGroup, session: Session, context: MemberContext) {
    this.group = group
    this.session = session
    this.#context = context
    this.#subscription = () => session.subscriptions.get(group.name)
    group.members.add(this)
  }

  get party(): Party | undefined {
    return this.session.party
  }

  /** The session has a connection. */
  start(): void {
    if (this.#consumer !== undefined || this.session.client === undefined) return
    this.#consumer = this.group.queue.addConsumer(this, {
      tag: this.session.clientId,
      isNoAck: false,
      isExclusive: false,
      isOwner: true,
      prefetch: 0,
      arguments: emptyTable,
      counts: this.session.client.countsOf(this.group.queue.type),
    })
  }

  stop(): void {
    if (this.#consumer !== undefined) this.group.queue.removeConsumer(this.#consumer)
    this.#consumer = undefined
  }

  resume(): void {
    this.#consumer?.resume()
  }

  /** What is under way to the session is settled by it. */
  leave(): void {
    this.stop()
    this.group.members.delete(this)
    this.#context.onLeft(this.group)
  }

  canTake(): boolean {
    // What has moved waits for the client, and others may be faster.
    return this.session.room > 0
  }

  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    const subscription = this.#subscription()
    if (subscription === undefined) {
      consumer.settle(record.offset, 'requeue')
      return
    }
    const { session } = this
    const facts = factsOf([subscription])
    const isAnswered = facts.qos > 0 && publishQosOf(record) > 0
    if (isAnswered && session.isPersistent) this.#move(consumer, record)
    else session.deliverShared(consumer, record, { facts, isRedelivered })
  }

  onSettled(consumer: Consumer): void {
    if (this.canTake()) consumer.resume()
  }

  onCancelled(): void {
    this.#consumer = undefined
  }

  #move(consumer: Consumer, record: RecordView): void {
    const queue = this.session.openQueue()
    const { store, clock } = this.#context
    store.beginAtom()
    queue.publish(sourceWithExchange(record, this.group.name, clock.now()), -1)
    consumer.settle(record.offset, 'ack')
    store.endAtom()
  }
}

/** The same message at `now`, with a word in its address of what it is for. */
export function sourceWithExchange(
  record: RecordView,
  exchange: string,
  now: number,
): RecordSource {
  const { routingKey } = decodeAddress(record.buffer, record.addressStart)
  const source = new RecordSource()
  fillFromView(source, record)
  setAddress(source, encodeAddress(exchange, routingKey))
  countDownExpiration(source, now - record.timestamp)
  return source
}
