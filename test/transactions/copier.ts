// Consumes, transforms and produces: what is committed in some partitions goes to others, together with the place
// of the group. It aborts, begins anew, and goes on after another one has its id; each record arrives once.
import type { Random } from '../../src/lib/random.ts'
import { readCommitted } from './committed-reader.ts'
import { Link, type LinkContext } from './link.ts'
import { stableOffsets } from './stable-offsets.ts'
import { type Place, RefusedError, TinyProducer } from './tiny-producer.ts'

export interface CopierOptions {
  readonly id: string
  readonly version: 1 | 2
  readonly group: string
  readonly from: string
  readonly to: string
  readonly partitions: readonly number[]
  readonly random: Random
  readonly links: LinkContext
  /** Nothing more comes. */
  readonly isSourceDone: () => boolean
}

const shares = { commit: 60, abort: 15, leave: 10 } as const
const timeoutMs = 20_000

export class Copier implements AsyncDisposable {
  readonly #options: CopierOptions
  readonly #producer: TinyProducer<Link>
  readonly #ghosts: Promise<void>[] = []

  constructor(options: CopierOptions) {
    this.#options = options
    this.#producer = new TinyProducer(new Link(options.links), options.id, options.version)
  }

  async run(): Promise<void> {
    await this.#producer.init(timeoutMs)
    while (await this.#copySome());
    await Promise.all(this.#ghosts)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#producer.link[Symbol.asyncDispose]()
  }

  /** False when there is nothing left. */
  async #copySome(): Promise<boolean> {
    const isLast = this.#options.isSourceDone()
    const places: Place[] = []
    try {
      for (const { partition, offset } of await this.#places()) {
        const next = await this.#copy(partition, offset)
        if (next > offset) places.push({ topic: this.#options.from, partition, offset: next })
      }
      if (places.length === 0) return !isLast
      await this.#producer.sendOffsets(this.#options.group, places)
      await this.#finish(places)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      await this.#producer.init(timeoutMs)
    }
    return true
  }

  /** Says where it has come to. */
  async #copy(partition: number, offset: number): Promise<number> {
    const { from, to } = this.#options
    const page = await readCommitted(this.#producer.link, { topic: from, partition, offset })
    for (const { value } of page.records) await this.#producer.send(to, partition, value)
    return page.next
  }

  async #finish(places: readonly Place[]): Promise<void> {
    const { random, links } = this.#options
    const chance = random.below(100)
    const { commit, abort, leave } = shares
    if (chance < commit) return this.#producer.end(true)
    if (chance < commit + abort) return this.#producer.end(false)
    if (chance < commit + abort + leave) return this.#producer.init(timeoutMs)
    const ghost = this.#producer.ghost(new Link(links))
    if (random.below(2) === 0) this.#ghosts.push(this.#haunt(ghost, places))
    else await Promise.all([this.#haunt(ghost, places), this.#producer.init(timeoutMs)])
    await this.#producer.init(timeoutMs)
  }

  async #haunt(ghost: TinyProducer<Link>, places: readonly Place[]): Promise<void> {
    try {
      if (this.#options.random.below(2) === 0) await ghost.sendOffsets(this.#options.group, places)
      await ghost.end(true)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
    } finally {
      await ghost.link[Symbol.asyncDispose]()
    }
  }

  /** Where the group is; from the start where it has committed nothing. */
  #places(): Promise<Place[]> {
    const { group, from: topic, partitions } = this.#options
    return stableOffsets(this.#producer.link, { group, topic, partitions })
  }
}
