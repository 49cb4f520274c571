// Direct exchange: a message goes where the binding's key equals its routing key.
import type { Binding, QueueLike, Target } from './binding.ts'
import type { Matcher, RoutedMessage } from './matcher.ts'

export class DirectMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly #byKey = new Map<string, Set<Binding<Q>>>()

  check(): void {}

  add(binding: Binding<Q>): void {
    const bindings = this.#byKey.get(binding.routingKey)
    if (bindings) bindings.add(binding)
    else this.#byKey.set(binding.routingKey, new Set([binding]))
  }

  remove(binding: Binding<Q>): void {
    const bindings = this.#byKey.get(binding.routingKey)
    bindings?.delete(binding)
    if (bindings?.size === 0) this.#byKey.delete(binding.routingKey)
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): void {
    for (const key of message.routingKeys) {
      const bindings = this.#byKey.get(key)
      if (bindings) for (const binding of bindings) matched.add(binding.target)
    }
  }
}
