// A page of a queue or topic in either direction; several logs are merged by the times of their messages. Its
// place is one offset for each log, so that a page can end anywhere, also in the middle of a long search.
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { searchLimits } from '../../limits/search.ts'
import { preconditionFailed, queueResource } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import { type BrowseAsked, chooseParts, startIn } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import type { BrowsedPart } from './browsed-part.ts'
import { belowOf, NewerWalk, OlderWalk, type PartWalk, type WalkOrder } from './part-walk.ts'
import type { PageContext } from './read-page.ts'

export interface WalkAsked extends Omit<BrowseAsked, 'after'> {
  /** Which come first. Towards older, those before `start` are walked through. */
  readonly order: WalkOrder
  /** Where the page before ended: an offset by the index of each part. */
  readonly after?: ReadonlyMap<number, number> | undefined
}

export interface WalkedPage {
  readonly messages: readonly BrowsedMessage[]
  /** Where the next page goes on; undefined: there is nothing more. */
  readonly next: ReadonlyMap<number, number> | undefined
  /** How many messages were looked at. */
  readonly lookedCount: number
  /** Offsets that it has not come to. */
  readonly left: number
}

/**
 * Throws `precondition_failed` for a partition that is not there, an offset in one of several and more
 * partitions than can be merged, and what reading the disk does.
 */
export function* walkPage(
  browsed: Destination,
  asked: WalkAsked,
  context: PageContext,
): Steps<WalkedPage> {
  const parts = chooseParts(browsed, { ...asked, after: undefined })
  if (parts.length > searchLimits.mergedPartsMax) {
    const resource = queueResource(browsed.vhost, browsed.name)
    throw preconditionFailed(`${resource} has ${parts.length} partitions: name one of them`)
  }
  const walks: PartWalk[] = []
  const budget = { reads: brokerLimits.browseReadsMax }
  for (const part of parts) {
    walks.push(yield* walkOf(part, asked, { context, budget, count: parts.length }))
  }
  const messages = yield* merge(walks, asked)
  const next = new Map(walks.map((walk) => [walk.part.index, walk.place]))
  return {
    messages,
    next: walks.every(({ isEnd }) => isEnd) ? undefined : next,
    lookedCount: walks.reduce((sum, { lookedCount }) => sum + lookedCount, 0),
    left: walks.reduce((sum, { left }) => sum + left, 0),
  }
}

interface Shared {
  readonly context: PageContext
  readonly budget: { reads: number }
  /** Of all parts. */
  readonly count: number
}

function* walkOf(
  part: BrowsedPart,
  asked: WalkAsked,
  { context, budget, count: partCount }: Shared,
): Steps<PartWalk> {
  const { order, start, after, count, payloadSizeMax, filter } = asked
  const isAlone = partCount === 1
  const options = {
    context,
    budget,
    payloadSizeMax,
    filter: order === 'newest' && start.kind === 'time' ? before(start.time, filter) : filter,
    pageSizeMax: isAlone
      ? brokerLimits.browsePageSizeMax
      : Math.floor(searchLimits.mergedSizeMax / partCount),
  }
  const chunk = isAlone ? count : Math.max(8, Math.ceil((2 * count) / partCount))
  const place = after?.get(part.index)
  if (order === 'newest') {
    return new OlderWalk(part, place ?? (yield* belowOf(part, start, context)), chunk, options)
  }
  const from =
    place === undefined
      ? yield* startIn(part, { ...asked, after: undefined }, context.store)
      : { offset: place, timestampMin: -Infinity }
  return new NewerWalk(part, from, chunk, options)
}

function before(time: number, filter: WalkAsked['filter']): NonNullable<WalkAsked['filter']> {
  return (looked) => looked.view.timestamp < time && filter?.(looked) !== false
}

/** Ends where a part has more that could not be looked at: what comes after it is not known. */
function* merge(walks: readonly PartWalk[], { order, count }: WalkAsked): Steps<BrowsedMessage[]> {
  const messages: BrowsedMessage[] = []
  const heads: Head[] = []
  let size = 0
  for (const walk of walks) heads.push({ walk, message: yield* walk.peek() })
  while (messages.length < count && size < brokerLimits.browsePageSizeMax) {
    if (heads.some(({ walk, message }) => message === undefined && !walk.isEnd)) break
    const first = firstOf(heads, order)
    if (first?.message === undefined) break
    messages.push(first.message)
    size += brokerLimits.browsedMessageSize + (first.message.payload?.length ?? 0)
    first.walk.take()
    first.message = yield* first.walk.peek()
  }
  return messages
}

interface Head {
  readonly walk: PartWalk
  message: BrowsedMessage | undefined
}

/** Of several with the same time that of the part which comes first. */
function firstOf(heads: readonly Head[], order: WalkOrder): Head | undefined {
  let first: Head | undefined
  for (const head of heads) {
    const { message } = head
    if (message === undefined) continue
    const best = first?.message?.timestamp
    const isBetter =
      best === undefined ||
      (order === 'newest' ? message.timestamp > best : message.timestamp < best)
    if (isBetter) first = head
  }
  return first
}
