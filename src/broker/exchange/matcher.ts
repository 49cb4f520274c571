// The compiled form of an exchange's bindings. One class per exchange type keeps a lookup in step
// with the bindings that are added and removed.
import type { Binding, QueueLike, Target } from './binding.ts'
import type { RoutedMessage } from './routed-message.ts'

export interface Matcher<Q extends QueueLike> {
  /**
   * Whether the next message with the same routing keys may go elsewhere: headers, properties or
   * chance have a part in it.
   */
  readonly isPerMessage: boolean
  /** Throws `precondition_failed` when this exchange type refuses such a binding. */
  check(binding: Binding<Q>): void
  add(binding: Binding<Q>): void
  remove(binding: Binding<Q>): void
  /** Adds every target of a binding that matches to `matched`; false when none matches. */
  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean
}
