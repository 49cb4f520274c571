// Random exchange: each message follows one of the bindings, whatever their keys are.
import type { Random } from '../../lib/random.ts'
import type { Binding, QueueLike, Target } from './binding.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

export class RandomMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = true
  readonly #random: Random
  readonly #bindings: Binding<Q>[] = []
  readonly #places = new Map<Binding<Q>, number>()

  constructor(random: Random) {
    this.#random = random
  }

  check(_binding: Binding<Q>): void {}

  add(binding: Binding<Q>): void {
    this.#places.set(binding, this.#bindings.length)
    this.#bindings.push(binding)
  }

  /** The last one takes its place. */
  remove(binding: Binding<Q>): void {
    const place = this.#places.get(binding)
    const last = this.#bindings.at(-1)
    if (place === undefined || last === undefined) return
    this.#places.delete(binding)
    this.#bindings.pop()
    if (last === binding) return
    this.#bindings[place] = last
    this.#places.set(last, place)
  }

  match(_message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    const count = this.#bindings.length
    if (count === 0) return false
    matched.add(this.#bindings[this.#random.below(count)]!.target)
    return true
  }
}
