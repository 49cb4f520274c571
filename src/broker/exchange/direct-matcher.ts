// Direct exchange: a message goes where the binding's key equals its routing key.
import type { Binding, Bindings, QueueLike, Target } from './binding.ts'
import { addTargets, withBinding, withoutBinding } from './bindings.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

export class DirectMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = false
  readonly #byKey = new Map<string, Bindings<Q>>()

  check(): void {}

  add(binding: Binding<Q>): void {
    const { routingKey } = binding
    this.#byKey.set(routingKey, withBinding(this.#byKey.get(routingKey), binding))
  }

  remove(binding: Binding<Q>): void {
    const { routingKey } = binding
    const others = withoutBinding(this.#byKey.get(routingKey), binding)
    if (others === undefined) this.#byKey.delete(routingKey)
    else this.#byKey.set(routingKey, others)
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    let isMatched = false
    for (const key of message.routingKeys) {
      if (addTargets(this.#byKey.get(key), matched)) isMatched = true
    }
    return isMatched
  }
}
