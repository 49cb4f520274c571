// Modulus hash exchange: the hash of a message's routing keys, divided by the number of bindings, says
// which of them it follows; what the bindings' keys are does not matter. They stand in an order of
// their own, so that the same key goes the same way after a restart; another binding moves most keys.
import type { Binding, QueueLike, Target } from './binding.ts'
import { hashText } from './hash-text.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

const basis = 0x811c9dc5

export class ModulusHashMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = false
  readonly #bindings: Binding<Q>[] = []

  check(): void {}

  add(binding: Binding<Q>): void {
    this.#bindings.splice(this.#placeOf(binding), 0, binding)
  }

  remove(binding: Binding<Q>): void {
    const place = this.#placeOf(binding)
    if (this.#bindings[place] === binding) this.#bindings.splice(place, 1)
  }

  match({ routingKeys }: RoutedMessage, matched: Set<Target<Q>>): boolean {
    const bindings = this.#bindings
    if (bindings.length === 0) return false
    const hash = hashText(routingKeys.join('\n'), basis)
    matched.add(bindings[hash % bindings.length]!.target)
    return true
  }

  /** Where a binding is, or belongs. */
  #placeOf({ key }: Binding<Q>): number {
    const bindings = this.#bindings
    let low = 0
    let high = bindings.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bindings[middle]!.key < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
