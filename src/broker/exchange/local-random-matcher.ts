// Local random exchange: a random one of the bound classic queues, so that a message stays on the node
// it came to. On one node all queues are local.
import type { Random } from '../../lib/random.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { Binding, QueueLike, Target } from './binding.ts'
import type { Matcher } from './matcher.ts'
import { RandomMatcher } from './random-matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

export class LocalRandomMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = true
  readonly #choice: RandomMatcher<Q>

  constructor(random: Random) {
    this.#choice = new RandomMatcher(random)
  }

  check({ routingKey, target }: Binding<Q>): void {
    if (routingKey !== '') {
      throw preconditionFailed(`Non empty binding '${routingKey}' key not permitted`)
    }
    if (target.kind !== 'queue') throw preconditionFailed('Destination not found')
    const { type } = target.queue
    if (type !== 'classic') {
      throw preconditionFailed(`Queue type rabbit_${type}_queue not valid for this exchange type`)
    }
  }

  add(binding: Binding<Q>): void {
    this.#choice.add(binding)
  }

  remove(binding: Binding<Q>): void {
    this.#choice.remove(binding)
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    return this.#choice.match(message, matched)
  }
}
