// Looks into batches of Kafka for messages that a trace follows. They are stored as they came, and
// compressed as a rule: once they are durable they are read as those read them who browse.
import { traceLimits } from '../../limits/trace.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { BrowseAsked } from '../browse/browse-start.ts'
import type { BrowsedPage } from '../browse/read-page.ts'
import type { Destination } from '../destination.ts'
import { whenDurable } from '../when-durable.ts'
import { identityOf } from './message-identity.ts'
import type { RecordRange, WatchedStream } from './message-watch.ts'
import { logsOf } from './stream-places.ts'
import type { MessageIdentity } from './trace-event.ts'
import type { Trace } from './trace.ts'

export type Browse = (stream: Destination, asked: BrowseAsked) => Promise<BrowsedPage>

/** Undefined for one that is gone. */
export type FindStream = (stream: WatchedStream) => Destination | undefined

/** A record of the batch that the trace is about. */
export interface FoundRecord {
  readonly offset: number
  readonly identity: MessageIdentity
}

export class BatchLooks {
  readonly #browse: Browse
  readonly #find: FindStream
  #count = 0

  constructor(browse: Browse, find: FindStream) {
    this.#browse = browse
    this.#find = find
  }

  /** Calls back with the records that the trace is about, unless too many batches wait already. */
  look(
    trace: Trace,
    { range, ticket }: { readonly range: RecordRange; readonly ticket: Ticket | undefined },
    onFound: (records: readonly FoundRecord[]) => void,
  ): void {
    if (this.#count === traceLimits.batchesMax) {
      trace.unseenBatches++
      return
    }
    this.#count++
    this.#read(trace, range, ticket)
      .then(onFound, () => {
        // Gone, or the disk cannot be read: whoever reads the stream is told.
        trace.unseenBatches++
      })
      .finally(() => this.#count--)
  }

  async #read(
    trace: Trace,
    { stream: watched, log, partition, first, last }: RecordRange,
    ticket: Ticket | undefined,
  ): Promise<FoundRecord[]> {
    await whenDurable(ticket)
    const found: FoundRecord[] = []
    const stream = this.#find(watched)
    if (!trace.isRunning || stream === undefined || !logsOf(stream).includes(log)) return found
    const isOnly = stream.kind === 'queue' ? stream.levels.length === 1 : false
    await this.#browse(stream, {
      start: { kind: 'offset', offset: first },
      partition: isOnly ? undefined : partition,
      count: 1,
      payloadSizeMax: 0,
      includesOpen: true,
      filter: (looked) => {
        const { offset } = looked.view
        if (offset > last) return true
        if (trace.filter(looked)) found.push({ offset, identity: identityOf(looked.view) })
        return false
      },
    })
    return found
  }
}
