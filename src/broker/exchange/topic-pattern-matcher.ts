// Topic exchange: keys are words between dots; in a binding's key `*` stands for one word and `#`
// for any number of words, none included. Bindings with either form a trie by word; those with
// neither are looked up by the whole key. A message's words walk the trie as a set of nodes, so the
// work is bounded by words × nodes in reach, however many `#` there are, and does not depend on how
// many bindings do not match.
import type { Binding, QueueLike, Target } from './binding.ts'
import { addTargets, withBinding, withoutBinding } from './bindings.ts'
import { DirectMatcher } from './direct-matcher.ts'
import type { Matcher } from './matcher.ts'
import { PatternNode } from './pattern-node.ts'
import type { RoutedMessage } from './routed-message.ts'

export class TopicPatternMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = false
  readonly #exact = new DirectMatcher<Q>()
  readonly #root = new PatternNode<Q>('')
  /** Where a search stands before and after a word. Used again: what counts are the counts. */
  #reached: PatternNode<Q>[] = []
  #reachedCount = 0
  #next: PatternNode<Q>[] = []
  #nextCount = 0

  check(): void {}

  add(binding: Binding<Q>): void {
    if (!hasWildcard(binding.routingKey)) {
      this.#exact.add(binding)
      return
    }
    let node = this.#root
    for (const word of wordsOf(binding.routingKey)) {
      node = node.findChild(word) ?? node.addChild(word)
    }
    node.bindings = withBinding(node.bindings, binding)
  }

  remove(binding: Binding<Q>): void {
    if (!hasWildcard(binding.routingKey)) {
      this.#exact.remove(binding)
      return
    }
    const path = [this.#root]
    for (const word of wordsOf(binding.routingKey)) {
      const next = path.at(-1)?.findChild(word)
      if (next === undefined) return
      path.push(next)
    }
    const last = path.at(-1) as PatternNode<Q>
    last.bindings = withoutBinding(last.bindings, binding)
    for (let depth = path.length - 1; depth > 0 && path[depth]!.isEmpty; depth--) {
      path[depth - 1]!.removeChild(path[depth]!.word)
    }
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    let isMatched = this.#exact.match(message, matched)
    if (this.#root.isEmpty) return isMatched
    for (const key of message.routingKeys) {
      this.#walk(wordsOf(key))
      for (let at = 0; at < this.#reachedCount; at++) {
        if (addTargets(this.#reached[at]!.bindings, matched)) isMatched = true
      }
    }
    return isMatched
  }

  /** Leaves in `#reached` the nodes that all words lead to. */
  #walk(words: readonly string[]): void {
    this.#reach(this.#root)
    this.#step()
    for (const word of words) {
      for (let at = 0; at < this.#reachedCount; at++) {
        const node = this.#reached[at]!
        if (node.word === '#') this.#reach(node)
        this.#reach(node.findWord(word))
        this.#reach(node.star)
      }
      this.#step()
      if (this.#reachedCount === 0) return
    }
  }

  /** Notes a node for the next step and, because `#` also stands for no word, those below it. */
  #reach(start: PatternNode<Q> | undefined): void {
    for (let node = start; node !== undefined && !node.isReached; node = node.hash) {
      node.isReached = true
      this.#next[this.#nextCount++] = node
    }
  }

  #step(): void {
    const reached = this.#next
    for (let at = 0; at < this.#nextCount; at++) reached[at]!.isReached = false
    this.#next = this.#reached
    this.#reached = reached
    this.#reachedCount = this.#nextCount
    this.#nextCount = 0
  }
}

function hasWildcard(key: string): boolean {
  return wordsOf(key).some((word) => word === '*' || word === '#')
}

/** The empty key has no words; any other has one more than it has dots. */
function wordsOf(key: string): readonly string[] {
  return key === '' ? [] : key.split('.')
}
