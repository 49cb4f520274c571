// Sessions that share the messages of a filter: each message goes to one of them [MQTT-4.8.2-4]. They are in a queue
// `$share/group/filter`, whose consumers are the members that have a connection.
//
// Invariant: a message that a member with a lasting session is to answer moves into the member's own queue, in one atom:
// there it waits for this member, whatever crashes. With another member it stays in the group's until it is answered.
import type { LogStore } from '../../log/log-store.ts'
import { encodeAddress, decodeAddress } from '../../record/message/address.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { publishQosOf } from '../../record/message/published-topic.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { sourceOfView } from '../../record/message/source-of-view.ts'
import type { Destination } from '../destination.ts'
import type { QueueTarget } from '../exchange/binding.ts'
import type { Consumer, DeliverySink } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import type { Party } from '../trace/party.ts'
import { factsOf, type OwnSubscription, type SharedMember } from './own-subscriptions.ts'
import type { Session } from './session.ts'
import type { IndexedSubscriber, IndexedSubscription } from './subscription-index.ts'

export class SharedGroup implements IndexedSubscriber, IndexedSubscription {
  /** `$share/group/filter`. */
  readonly name: string
  readonly filter: string
  readonly subscriber: SharedGroup = this
  /** All go through its queue. */
  readonly options = { qos: 2, noLocal: false } as const
  readonly queue: Queue
  readonly target: QueueTarget<Destination>
  readonly members: Set<GroupMember> = new Set()

  constructor(
    { text, filter }: { readonly text: string; readonly filter: string },
    { queue, target }: { readonly queue: Queue; readonly target: QueueTarget<Destination> },
  ) {
    this.name = text
    this.filter = filter
    this.queue = queue
    this.target = target
  }

  takeDirectly(): void {}

  /** A message that a member has not answered, and will not. Within an atom. */
  takeBack(record: RecordView, exchange: string): void {
    this.queue.publish(sourceWithExchange(record, exchange), -1)
  }
}

/** What a member needs of its group's virtual host. */
export interface MemberContext {
  readonly store: LogStore
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
      prefetch: 0,
      arguments: emptyTable,
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
    const { store } = this.#context
    store.beginAtom()
    queue.publish(sourceWithExchange(record, this.group.name), -1)
    consumer.settle(record.offset, 'ack')
    store.endAtom()
  }
}

/** The same message, with a word in its address of what it is for. */
export function sourceWithExchange(record: RecordView, exchange: string): RecordSource {
  const { routingKey } = decodeAddress(record.buffer, record.addressStart)
  return sourceOfView(record, encodeAddress(exchange, routingKey))
}
