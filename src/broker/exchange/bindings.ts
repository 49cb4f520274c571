// A few bindings that belong together: those of a key, of a node, to a target. Nearly always it is
// none or one, and there are many such places: a Set for each would take 200 bytes. They are changed
// only through the functions below.
import type { Binding, Bindings, QueueLike, Target } from './binding.ts'

/** What `bindings` is once `added` is among them. */
export function withBinding<Q extends QueueLike>(
  bindings: Bindings<Q>,
  added: Binding<Q>,
): Bindings<Q> {
  if (bindings === undefined) return added
  if (bindings instanceof Set) return bindings.add(added)
  return bindings === added ? bindings : new Set([bindings, added])
}

/** What `bindings` is without `removed`; undefined when it was the last. */
export function withoutBinding<Q extends QueueLike>(
  bindings: Bindings<Q>,
  removed: Binding<Q>,
): Bindings<Q> {
  if (bindings === removed) return undefined
  if (!(bindings instanceof Set)) return bindings
  bindings.delete(removed)
  return bindings.size === 0 ? undefined : bindings
}

/** All of them, to be walked once. */
export function eachBinding<Q extends QueueLike>(bindings: Bindings<Q>): Iterable<Binding<Q>> {
  if (bindings === undefined) return []
  return bindings instanceof Set ? bindings : [bindings]
}

/** Adds where each of them leads to `matched`; false when there is none. */
export function addTargets<Q extends QueueLike>(
  bindings: Bindings<Q>,
  matched: Set<Target<Q>>,
): boolean {
  if (bindings === undefined) return false
  if (bindings instanceof Set) for (const { target } of bindings) matched.add(target)
  else matched.add(bindings.target)
  return true
}
