// The compiled form of an exchange's bindings. One class per exchange type keeps a lookup in step
// with the bindings that are added and removed.
import { type FieldTable } from '../../record/message/field-table.ts'
import type { Binding, QueueLike, Target } from './binding.ts'
import type { RoutedMessage } from './routed-message.ts'

export interface Matcher<Q extends QueueLike> {
  /** Throws `precondition_failed` when this exchange type refuses such arguments. */
  check(args: FieldTable): void
  add(binding: Binding<Q>): void
  remove(binding: Binding<Q>): void
  /** Adds every target of a binding that matches to `matched`; false when none matches. */
  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean
}
