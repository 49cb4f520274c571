// A node of a topic exchange's trie: what comes after the words that lead here. There may be
// several per binding, so it holds maps and sets only where it cannot do without.
import type { Bindings, QueueLike } from './binding.ts'

export class PatternNode<Q extends QueueLike> {
  readonly word: string
  star: PatternNode<Q> | undefined = undefined
  hash: PatternNode<Q> | undefined = undefined
  bindings: Bindings<Q> = undefined
  /** Whether a search is standing here, see `TopicPatternMatcher`. */
  isReached = false
  /** The one child that is a word; a Map takes over when there is another. */
  #only: PatternNode<Q> | undefined = undefined
  #words: Map<string, PatternNode<Q>> | undefined = undefined

  constructor(word: string) {
    this.word = word
  }

  /** What a message's word leads to. */
  findWord(word: string): PatternNode<Q> | undefined {
    const only = this.#only
    if (only !== undefined) return only.word === word ? only : undefined
    return this.#words?.get(word)
  }

  /** What a binding's word leads to; `*` and `#` are children of their own. */
  findChild(word: string): PatternNode<Q> | undefined {
    if (word === '*') return this.star
    if (word === '#') return this.hash
    return this.findWord(word)
  }

  addChild(word: string): PatternNode<Q> {
    const node = new PatternNode<Q>(word)
    if (word === '*') this.star = node
    else if (word === '#') this.hash = node
    else this.#addWord(node)
    return node
  }

  removeChild(word: string): void {
    if (word === '*') this.star = undefined
    else if (word === '#') this.hash = undefined
    else if (this.#only !== undefined) this.#only = undefined
    else if (this.#words?.delete(word) === true && this.#words.size === 0) this.#words = undefined
  }

  get isEmpty(): boolean {
    return (
      this.bindings === undefined &&
      this.#only === undefined &&
      this.#words === undefined &&
      this.star === undefined &&
      this.hash === undefined
    )
  }

  #addWord(node: PatternNode<Q>): void {
    if (this.#only === undefined && this.#words === undefined) {
      this.#only = node
      return
    }
    this.#words ??= new Map()
    if (this.#only !== undefined) this.#words.set(this.#only.word, this.#only)
    this.#only = undefined
    this.#words.set(node.word, node)
  }
}
