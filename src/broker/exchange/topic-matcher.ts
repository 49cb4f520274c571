// Topic exchange: keys are words between dots; in a binding's key `*` stands for one word and `#`
// for any number of words, none included. The bindings form a trie by word. A message's words walk
// it as a set of nodes, so the work is bounded by words × nodes in reach, however many `#` there
// are, and does not depend on how many bindings do not match.
import type { Binding, QueueLike, Target } from './binding.ts'
import type { Matcher, RoutedMessage } from './matcher.ts'

// Most nodes have one child and no binding, so maps and sets are made when needed.
class TopicNode<Q extends QueueLike> {
  readonly isHash: boolean
  words: Map<string, TopicNode<Q>> | undefined = undefined
  star: TopicNode<Q> | undefined = undefined
  hash: TopicNode<Q> | undefined = undefined
  bindings: Set<Binding<Q>> | undefined = undefined

  constructor(isHash: boolean) {
    this.isHash = isHash
  }

  child(word: string): TopicNode<Q> | undefined {
    if (word === '*') return this.star
    if (word === '#') return this.hash
    return this.words?.get(word)
  }

  addChild(word: string): TopicNode<Q> {
    const node = new TopicNode<Q>(word === '#')
    if (word === '*') this.star = node
    else if (word === '#') this.hash = node
    else {
      this.words ??= new Map()
      this.words.set(word, node)
    }
    return node
  }

  removeChild(word: string): void {
    if (word === '*') this.star = undefined
    else if (word === '#') this.hash = undefined
    else this.words?.delete(word)
  }

  isEmpty(): boolean {
    return !this.bindings?.size && !this.words?.size && !this.star && !this.hash
  }
}

export class TopicMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly #root = new TopicNode<Q>(false)

  check(): void {}

  add(binding: Binding<Q>): void {
    let node = this.#root
    for (const word of wordsOf(binding.routingKey)) node = node.child(word) ?? node.addChild(word)
    node.bindings ??= new Set()
    node.bindings.add(binding)
  }

  remove(binding: Binding<Q>): void {
    const words = wordsOf(binding.routingKey)
    const path: TopicNode<Q>[] = [this.#root]
    for (const word of words) {
      const next = path.at(-1)?.child(word)
      if (!next) return
      path.push(next)
    }
    path.at(-1)?.bindings?.delete(binding)
    for (let depth = words.length; depth > 0 && path[depth]?.isEmpty(); depth -= 1) {
      path[depth - 1]?.removeChild(words[depth - 1] as string)
    }
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): void {
    for (const key of message.routingKeys) {
      for (const node of this.#nodesFor(wordsOf(key))) {
        for (const binding of node.bindings ?? []) matched.add(binding.target)
      }
    }
  }

  #nodesFor(words: readonly string[]): Set<TopicNode<Q>> {
    let reached = new Set<TopicNode<Q>>()
    reach(reached, this.#root)
    for (const word of words) {
      const next = new Set<TopicNode<Q>>()
      for (const node of reached) {
        if (node.isHash) reach(next, node)
        reach(next, node.words?.get(word))
        reach(next, node.star)
      }
      if (next.size === 0) return next
      reached = next
    }
    return reached
  }
}

/** Adds a node and, because `#` also stands for no word, the `#` nodes below it. */
function reach<Q extends QueueLike>(
  reached: Set<TopicNode<Q>>,
  node: TopicNode<Q> | undefined,
): void {
  for (let next = node; next && !reached.has(next); next = next.hash) reached.add(next)
}

/** The empty key has no words; any other has one more than it has dots. */
function wordsOf(key: string): readonly string[] {
  return key === '' ? [] : key.split('.')
}
