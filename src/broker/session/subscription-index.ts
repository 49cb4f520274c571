// All subscriptions of one virtual host, hung at the exchange that messages by topic are published to.
import { topicOfKey } from '../../record/message/published-topic.ts'
import type { Destination } from '../destination.ts'
import type { MatchedSubscribers, QueueTarget, TopicSubscribers } from '../exchange/binding.ts'
import type { RoutedMessage } from '../exchange/routed-message.ts'
import type { TopicSubscriber } from '../exchange/topic-subscriber.ts'
import { FilterTree } from './filter-tree.ts'
import type { SubscriptionOptions } from './subscription.ts'

/** A session, or a group of sessions that share what matches. */
export interface IndexedSubscriber extends TopicSubscriber {
  /** Where its messages of QoS 1 and 2 go; undefined as long as it asks for none. */
  readonly target: QueueTarget<Destination> | undefined
}

/** A filter of a subscriber. */
export interface IndexedSubscription {
  readonly subscriber: IndexedSubscriber
  readonly filter: string
  readonly options: Pick<SubscriptionOptions, 'qos' | 'noLocal'>
}

export class SubscriptionIndex implements TopicSubscribers<Destination> {
  readonly #tree = new FilterTree<IndexedSubscription>()

  get isEmpty(): boolean {
    return this.#tree.size === 0
  }

  get size(): number {
    return this.#tree.size
  }

  add(subscription: IndexedSubscription): void {
    this.#tree.add(subscription.filter, subscription)
  }

  remove(subscription: IndexedSubscription): void {
    this.#tree.remove(subscription.filter, subscription)
  }

  /** Tells of each subscription that has the topic. */
  subscriptionsOf(topic: string, found: (subscription: IndexedSubscription) => void): void {
    this.#tree.match(topic, found)
  }

  match(message: RoutedMessage, matched: MatchedSubscribers<Destination>): void {
    const { topic, routingKeys } = message
    const topics = topic === undefined ? routingKeys.map(topicOfKey) : [topic]
    for (const each of topics) {
      this.#tree.match(each, (found) => add(found, message.origin, matched))
    }
    // Whoever gets it by a queue gets it once.
    for (const subscriber of matched.direct) {
      const { target } = subscriber as IndexedSubscriber
      if (target !== undefined && matched.targets.has(target)) matched.direct.delete(subscriber)
    }
  }
}

function add(
  { subscriber, options }: IndexedSubscription,
  origin: object | undefined,
  matched: MatchedSubscribers<Destination>,
): void {
  if (options.noLocal) {
    matched.isPerMessage = true
    if (origin === subscriber) return
  }
  if (options.qos > 0 && subscriber.target !== undefined) matched.targets.add(subscriber.target)
  else matched.direct.add(subscriber)
}
