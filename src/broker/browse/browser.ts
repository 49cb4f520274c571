// Shows messages to those who only look. One page is read at a time, so all of them together have the memory
// of one read.
import { Slices, type Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Destination } from '../destination.ts'
import type { BrowseAsked } from './browse-start.ts'
import { type BrowsedPage, type PageContext, readPage } from './read-page.ts'

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
  browse(browsed: Destination, asked: BrowseAsked): Promise<BrowsedPage> {
    return this.run(() => readPage(browsed, asked, this.#context))
  }

  /** Reads a page of any kind in its turn. Rejects with what its steps throw. */
  run<Page>(read: () => Steps<Page>): Promise<Page> {
    const page = this.#last.then(() => this.#slices.run(read()))
    this.#last = page.catch(() => undefined)
    return page
  }
}
