// The subscriptions of one session: which of them have a topic, and what they ask for together. A message comes once,
// with the highest QoS and the numbers of all that have its topic [MQTT-3.3.4-2, -3].
import { sessionLimits } from '../../limits/session.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { findHeader } from '../../record/message/content-header.ts'
import {
  asksToBeRetained,
  type Qos,
  retainHeader,
  topicOfKey,
  topicOfRecord,
} from '../../record/message/published-topic.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { DirectMessage } from '../exchange/topic-subscriber.ts'
import { FilterTree } from './filter-tree.ts'
import type { DeliveryFacts } from './session-client.ts'
import type { SubscriptionOptions } from './subscription.ts'
import { matchesTopic } from './topic-filter.ts'

/** What the address of a copy of a retained message has for an exchange, before the filter that it is for. */
export const retainedStart = '$retained/'

/** A session's part in a group that shares messages. */
export interface SharedMember {
  /** The session has a connection, … */
  start(): void
  /** … and has it no more. */
  stop(): void
  /** There may be room for messages. */
  resume(): void
  /** It has its part no more. Not within an atom. */
  leave(): void
}

/** Of a session. */
export interface OwnSubscription {
  /** As it was asked for, `$share/…` included. */
  readonly text: string
  /** What topics are matched with. */
  readonly filter: string
  /** The group that shares it; undefined: it is the session's own. */
  readonly share: string | undefined
  readonly options: SubscriptionOptions
  /** Of a shared one. */
  readonly member?: SharedMember | undefined
}

const noIds: readonly number[] = []

export class OwnSubscriptions {
  readonly #byText = new Map<string, OwnSubscription>()
  /** Only of many. */
  #tree: FilterTree<OwnSubscription> | undefined
  /** What all of its own ask for, where that is the same for every message. */
  uniform: DeliveryFacts | undefined
  /** Levels of their filters. */
  levelCount = 0
  /** How many of its own ask for each QoS, and how many for more than that. */
  readonly #countByQos: [number, number, number] = [0, 0, 0]
  #specialCount = 0

  get size(): number {
    return this.#byText.size
  }

  get(text: string): OwnSubscription | undefined {
    return this.#byText.get(text)
  }

  [Symbol.iterator](): IterableIterator<OwnSubscription> {
    return this.#byText.values()
  }

  put(subscription: OwnSubscription): void {
    const before = this.#byText.get(subscription.text)
    if (before !== undefined) this.#tree?.remove(before.filter, before)
    this.#byText.set(subscription.text, subscription)
    if (subscription.share === undefined) this.#tree?.add(subscription.filter, subscription)
    if (this.#tree === undefined && this.size >= sessionLimits.ownTreeAt) this.#plant()
    if (before !== undefined) this.#count(before, -1)
    this.#count(subscription, 1)
  }

  delete(text: string): void {
    const before = this.#byText.get(text)
    if (before === undefined) return
    this.#byText.delete(text)
    this.#tree?.remove(before.filter, before)
    this.#count(before, -1)
  }

  /** Of a message in the session's queue; `exchange` where that says what it is for. */
  factsFor(record: RecordView, exchange: string | undefined): DeliveryFacts {
    if (exchange?.startsWith(retainedStart) === true) {
      const subscription = this.#byText.get(exchange.slice(retainedStart.length))
      if (subscription !== undefined) return { ...factsOf([subscription]), isRetained: true }
      return { ...this.#factsOfTopic(topicOfRecord(record)), isRetained: true }
    }
    const shared = exchange === undefined ? undefined : this.#byText.get(exchange)
    const facts =
      shared === undefined ? this.#factsOfTopic(topicOfRecord(record)) : factsOf([shared])
    return facts.isRetained && !asksToBeRetained(record) ? { ...facts, isRetained: false } : facts
  }

  /** Whether one of them has the message, which is in the session's queue. */
  asksFor(record: RecordView): boolean {
    const { exchange } = decodeAddress(record.buffer, record.addressStart)
    const text = exchange.startsWith(retainedStart)
      ? exchange.slice(retainedStart.length)
      : exchange
    return this.#byText.has(text) || this.#matching(topicOfRecord(record)).length > 0
  }

  /** Of a message that comes past all queues. */
  directFactsOf({ source }: DirectMessage): DeliveryFacts {
    if (this.uniform !== undefined) return this.uniform
    const { header, headerStart, headerEnd } = source
    const topic =
      source.topic ?? topicOfKey(decodeAddress(source.address, source.addressStart).routingKey)
    const facts = this.#factsOfTopic(topic)
    if (!facts.isRetained) return facts
    const isRetained = findHeader(header, headerStart, headerEnd, retainHeader)?.value === true
    return { ...facts, isRetained }
  }

  startMembers(): void {
    for (const { member } of this.#byText.values()) member?.start()
  }

  stopMembers(): void {
    for (const { member } of this.#byText.values()) member?.stop()
  }

  resumeMembers(): void {
    for (const { member } of this.#byText.values()) member?.resume()
  }

  /** `isRetained` says that one of them asks to be shown it. */
  #factsOfTopic(topic: string): DeliveryFacts {
    const found = this.#matching(topic)
    // It came for a filter that the session has no more.
    return found.length === 0 ? unasked : factsOf(found)
  }

  #matching(topic: string): readonly OwnSubscription[] {
    const found: OwnSubscription[] = []
    if (this.#tree !== undefined) this.#tree.match(topic, (each) => found.push(each))
    else {
      for (const each of this.#byText.values()) {
        if (each.share === undefined && matchesTopic(each.filter, topic)) found.push(each)
      }
    }
    return found
  }

  #count({ text, share, options }: OwnSubscription, by: 1 | -1): void {
    this.levelCount += by * levelCountOf(text)
    if (share !== undefined) return
    this.#countByQos[options.qos] += by
    if (options.id !== undefined || options.retainAsPublished) this.#specialCount += by
    const asked = ([0, 1, 2] as const).filter((qos) => this.#countByQos[qos] > 0)
    const [qos] = asked
    const isUniform = asked.length === 1 && this.#specialCount === 0
    this.uniform =
      isUniform && qos !== undefined
        ? { qos, isRetained: false, subscriptionIds: noIds }
        : undefined
  }

  #plant(): void {
    const tree = new FilterTree<OwnSubscription>()
    for (const each of this.#byText.values()) {
      if (each.share === undefined) tree.add(each.filter, each)
    }
    this.#tree = tree
  }
}

const unasked: DeliveryFacts = { qos: 2, isRetained: false, subscriptionIds: noIds }

/** What these ask for together. */
export function factsOf(subscriptions: readonly OwnSubscription[]): DeliveryFacts {
  let qos: Qos = 0
  let isRetained = false
  let subscriptionIds: number[] | undefined
  for (const { options } of subscriptions) {
    if (options.qos > qos) qos = options.qos
    if (options.retainAsPublished) isRetained = true
    if (options.id !== undefined) (subscriptionIds ??= []).push(options.id)
  }
  return { qos, isRetained, subscriptionIds: subscriptionIds ?? noIds }
}

/** Of a topic, or of a filter. */
export function levelCountOf(text: string): number {
  let count = 1
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) count++
  return count
}
