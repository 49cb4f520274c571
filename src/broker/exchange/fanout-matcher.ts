// Fanout exchange: a message goes to everything bound, whatever its routing key.
import type { Binding, Bindings, QueueLike, Target } from './binding.ts'
import { addTargets, withBinding, withoutBinding } from './bindings.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

export class FanoutMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = false
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
