// Writes transactions that it commits, aborts and leaves, and now and then has its id taken over while it goes on.
import type { Random } from '../../src/lib/random.ts'
import type { Book, TransactionEntry } from './book.ts'
import { Link, type LinkContext } from './link.ts'
import { RefusedError, TinyProducer } from './tiny-producer.ts'

/** A topic, or a work queue with its one partition. */
export interface WrittenTopic {
  readonly name: string
  readonly partitions: number
}

export interface WriterOptions {
  readonly id: string
  readonly version: 1 | 2
  readonly topics: readonly WrittenTopic[]
  readonly random: Random
  readonly book: Book
  readonly links: LinkContext
}

/** Of 100 transactions: so many are committed, aborted, left alone; in the others somebody else takes over. */
const shares = { commit: 55, abort: 20, leave: 8 } as const
const recordsMax = 5
const timeoutMs = 20_000

export class Writer implements AsyncDisposable {
  readonly #options: WriterOptions
  readonly #producer: TinyProducer<Link>
  readonly #ghosts: Promise<void>[] = []

  constructor(options: WriterOptions) {
    this.#options = options
    this.#producer = new TinyProducer(new Link(options.links), options.id, options.version)
  }

  async run(count: number): Promise<void> {
    await this.#producer.init(timeoutMs)
    for (let number = 0; number < count; number++) await this.#transaction()
    await Promise.all(this.#ghosts)
    // Nothing of its is open any more.
    await this.#producer.init(timeoutMs)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#producer.link[Symbol.asyncDispose]()
  }

  async #transaction(): Promise<void> {
    const { book, id, random } = this.#options
    const entry = book.begin(id)
    try {
      for (let left = random.below(recordsMax) + 1; left > 0; left--) {
        await this.#write(entry, this.#producer)
      }
      await this.#finish(entry)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      // Nobody has asked for a commit: it cannot come.
      if (entry.fate === 'open') entry.fate = 'aborted'
      await this.#producer.init(timeoutMs)
    }
  }

  async #write(entry: TransactionEntry, producer: TinyProducer): Promise<void> {
    const { topics, random } = this.#options
    const { name, partitions } = topics[random.below(topics.length)]!
    const record = entry.note(name, random.below(partitions))
    await producer.send(record.topic, record.partition, record.value)
    record.isStored = true
  }

  async #finish(entry: TransactionEntry): Promise<void> {
    const chance = this.#options.random.below(100)
    const { commit, abort, leave } = shares
    if (chance < commit) {
      entry.fate = 'unknown'
      await this.#producer.end(true)
      entry.fate = 'committed'
    } else if (chance < commit + abort) {
      entry.fate = 'aborted'
      await this.#producer.end(false)
    } else if (chance < commit + abort + leave) {
      entry.fate = 'aborted'
      await this.#producer.init(timeoutMs)
    } else await this.#takeOver(entry)
  }

  /** A second producer begins with the id, before or while the first one goes on. */
  async #takeOver(entry: TransactionEntry): Promise<void> {
    const { links, random, book, id } = this.#options
    const ghost = this.#producer.ghost(new Link(links))
    if (random.below(2) === 0) {
      entry.fate = 'unknown'
      const [, hasCommitted] = await Promise.all([
        this.#producer.init(timeoutMs),
        this.#haunt(entry, ghost),
      ])
      if (hasCommitted) entry.fate = 'committed'
      return
    }
    entry.fate = 'aborted'
    await this.#producer.init(timeoutMs)
    this.#ghosts.push(
      this.#haunt(entry, ghost).then((hasCommitted) => {
        if (hasCommitted) book.faults.push(`${id} ${entry.number}: a fenced producer has committed`)
      }),
    )
  }

  /** Says whether it could commit. */
  async #haunt(entry: TransactionEntry, ghost: TinyProducer<Link>): Promise<boolean> {
    try {
      if (this.#options.random.below(2) === 0) await this.#write(entry, ghost)
      await ghost.end(true)
      return true
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return false
    } finally {
      await ghost.link[Symbol.asyncDispose]()
    }
  }
}
