// Fanout exchange: a message goes to everything bound, whatever its routing key.
import type { Binding, QueueLike, Target } from './binding.ts'
import { addTargets, type Bindings, withBinding, withoutBinding } from './bindings.ts'
import type { Matcher, RoutedMessage } from './matcher.ts'

export class FanoutMatcher<Q extends QueueLike> implements Matcher<Q> {
  #bindings: Bindings<Q>

  check(): void {}

  add(binding: Binding<Q>): void {
    this.#bindings = withBinding(this.#bindings, binding)
  }

  remove(binding: Binding<Q>): void {
    this.#bindings = withoutBinding(this.#bindings, binding)
  }

  match(_message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    return addTargets(this.#bindings, matched)
  }
}
