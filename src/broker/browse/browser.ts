// Shows messages to those who only look. One page is read at a time, so all of them together have the memory
// of one read.
import { Slices, type Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { searchLimits } from '../../limits/search.ts'
import type { Destination } from '../destination.ts'
import { knowEnds } from '../know-ends.ts'
import { type BrowseAsked, chooseParts } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import { type BrowsedPage, type PageContext, readPage, readPart } from './read-page.ts'
import { type WalkAsked, type WalkedPage, walkPage } from './walk-page.ts'

/** One message, by its place. */
export interface FindAsked {
  readonly offset: number
  readonly partition: number | undefined
  readonly payloadSizeMax: number
}

export class Browser {
  readonly #context: PageContext
  readonly #slices: Slices
  /** Settled when the page that was asked for last has been read. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(context: PageContext) {
    this.#context = context
    this.#slices = new Slices(context.clock, brokerLimits.browseSliceMs)
  }

  /**
   * A page of what is in a queue or topic, and durable. Rejects with `precondition_failed` for a place that it
   * does not have, and when the disk cannot be read.
   */
  async browse(browsed: Destination, asked: BrowseAsked): Promise<BrowsedPage> {
    await knowEnds(browsed)
    return this.run(() => readPage(browsed, asked, this.#context))
  }

  /** A page in either direction; see `walkPage`. */
  async walk(browsed: Destination, asked: WalkAsked): Promise<WalkedPage> {
    await knowEnds(browsed)
    return this.run(() => walkPage(browsed, asked, this.#context))
  }

  /** The message at an offset, whole or its start; undefined when there is none. */
  async find(browsed: Destination, asked: FindAsked): Promise<BrowsedMessage | undefined> {
    const { offset, partition, payloadSizeMax } = asked
    const start = { kind: 'offset', offset } as const
    await knowEnds(browsed)
    const [part] = chooseParts(browsed, { start, partition, count: 1, payloadSizeMax })
    const page = await this.run(() =>
      readPart(
        part!,
        {
          start: { offset, timestampMin: -Infinity },
          end: offset + 1,
          count: 1,
          payloadSizeMax,
          propertiesSizeMax: searchLimits.propertiesSizeMax,
        },
        this.#context,
      ),
    )
    return page.messages[0]
  }

  /** Reads a page of any kind in its turn. Rejects with what its steps throw. */
  run<Page>(read: () => Steps<Page>): Promise<Page> {
    const page = this.#last.then(() => this.#slices.run(read()))
    this.#last = page.catch(() => undefined)
    return page
  }
}
