// The default exchange: every queue is bound to it by its own name, and nothing else can be.
import type { QueueLike, QueueTarget, Target } from './binding.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

export class DefaultMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = false
  readonly #queues: ReadonlyMap<string, QueueTarget<Q>>

  constructor(queues: ReadonlyMap<string, QueueTarget<Q>>) {
    this.#queues = queues
  }

  check(): void {}

  add(): void {}

  remove(): void {}

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    let isMatched = false
    for (const key of message.routingKeys) {
      const target = this.#queues.get(key)
      if (target === undefined) continue
      matched.add(target)
      isMatched = true
    }
    return isMatched
  }
}
