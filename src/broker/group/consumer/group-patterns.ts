// The regular expressions that members of one group are subscribed to, with the topics that each of them stands for.
// A pattern is known as long as somebody is subscribed to it.

/** A pattern with what it was found to stand for. */
export interface ResolvedPattern {
  readonly pattern: string
  readonly topics: ReadonlySet<string>
}

interface Known {
  subscribers: number
  /** Undefined as long as nobody has looked. */
  topics: ReadonlySet<string> | undefined
}

const none: ReadonlySet<string> = new Set()

export class GroupPatterns {
  readonly #known = new Map<string, Known>()
  /** When all of them were looked up last, on the monotonic clock, and what the topics' version was then. */
  lookedUp: { readonly atMs: number; readonly version: number } | undefined

  get count(): number {
    return this.#known.size
  }

  has(pattern: string): boolean {
    return this.#known.has(pattern)
  }

  names(): IterableIterator<string> {
    return this.#known.keys()
  }

  get hasUnresolved(): boolean {
    for (const { topics } of this.#known.values()) if (topics === undefined) return true
    return false
  }

  topicsOf(pattern: string): ReadonlySet<string> {
    return this.#known.get(pattern)?.topics ?? none
  }

  isResolved(pattern: string): boolean {
    return this.#known.get(pattern)?.topics !== undefined
  }

  includes(topic: string): boolean {
    for (const { topics } of this.#known.values()) if (topics?.has(topic)) return true
    return false
  }

  *topics(): Generator<string> {
    for (const { topics } of this.#known.values()) yield* topics ?? []
  }

  addSubscriber(pattern: string): void {
    if (pattern === '') return
    const known = this.#known.get(pattern)
    if (known === undefined) this.#known.set(pattern, { subscribers: 1, topics: undefined })
    else known.subscribers++
  }

  /** Says whether it was the last one. */
  removeSubscriber(pattern: string): boolean {
    const known = this.#known.get(pattern)
    if (known === undefined || --known.subscribers > 0) return false
    return this.#known.delete(pattern)
  }

  /** Says whether that is another answer than before. A pattern without subscribers is passed over. */
  resolve({ pattern, topics }: ResolvedPattern): boolean {
    const known = this.#known.get(pattern)
    if (known === undefined) return false
    const before = known.topics
    if (before !== undefined && areSame(before, topics)) return false
    known.topics = topics
    return true
  }
}

function areSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one.size !== other.size) return false
  for (const topic of one) if (!other.has(topic)) return false
  return true
}
