// Fanout exchange: a message goes to everything bound, whatever its routing key.
import type { Binding, QueueLike, Target } from './binding.ts'
import type { Matcher, RoutedMessage } from './matcher.ts'

export class FanoutMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly #bindings = new Set<Binding<Q>>()

  check(): void {}

  add(binding: Binding<Q>): void {
    this.#bindings.add(binding)
  }

  remove(binding: Binding<Q>): void {
    this.#bindings.delete(binding)
  }

  match(_message: RoutedMessage, matched: Set<Target<Q>>): void {
    for (const binding of this.#bindings) matched.add(binding.target)
  }
}
