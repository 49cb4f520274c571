// The latest message of a key, found by walking from the newest one back. A key is in one partition as a rule: the one
// that Kafka's default partitioner chooses is looked through first, then the others, as other partitioners choose
// otherwise and a topic may have grown.
import { messageHeader } from '../../crossing/crossing-map.ts'
import { keyOfView } from '../../crossing/message-key.ts'
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { searchLimits } from '../../limits/search.ts'
import { preconditionFailed, queueResource } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import { partitionOfKey } from '../topic/murmur2.ts'
import type { BrowsePlace } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import { type BrowsedPart, partsOf } from './browsed-part.ts'
import { OlderWalk } from './part-walk.ts'
import { type PageContext, readPart } from './read-page.ts'

export interface LatestAsked {
  readonly key: Buffer
  /** The only one to look at; left out, all. */
  readonly partition?: number | undefined
  /** Where an earlier look ended. */
  readonly after?: BrowsePlace | undefined
  /** How much to show of the payload, at most. */
  readonly payloadSizeMax: number
}

export interface LatestFound {
  /** The message, whole or its start; undefined: none, or none so far. */
  readonly message: BrowsedMessage | undefined
  /** The message says that there is nothing of this key any more (Kafka: a tombstone). */
  readonly isTombstone: boolean
  /** Where to go on; undefined: that was all. */
  readonly next: BrowsePlace | undefined
  readonly lookedCount: number
}

/**
 * Looks at as much as one page may read. Throws `precondition_failed` for a partition that is not there, and what
 * reading the disk does.
 */
export function* latestOfKey(
  browsed: Destination,
  asked: LatestAsked,
  context: PageContext,
): Steps<LatestFound> {
  const { key, after } = asked
  const parts = partsInOrder(browsed, asked)
  const budget = { reads: brokerLimits.browseReadsMax }
  const options = {
    context,
    budget,
    payloadSizeMax: 0,
    filter: ({ view }: { readonly view: Parameters<typeof keyOfView>[0] }) =>
      keyOfView(view)?.equals(key) === true,
    pageSizeMax: brokerLimits.browsePageSizeMax,
  }
  let lookedCount = 0
  const from = Math.max(0, after === undefined ? 0 : indexOf(parts, after))
  for (const part of parts.slice(from)) {
    const below = after?.index === part.index ? after.offset : part.log.stableEnd
    const walk = new OlderWalk(part, below, searchLimits.windowFirst, options)
    const found = yield* walk.peek()
    lookedCount += walk.lookedCount
    if (found !== undefined) {
      const message = yield* readWhole(part, found, asked, context)
      return { message, isTombstone: isTombstone(message), next: undefined, lookedCount }
    }
    if (walk.isEnd) continue
    const next = { index: part.index, offset: walk.place }
    return { message: undefined, isTombstone: false, next, lookedCount }
  }
  return { message: undefined, isTombstone: false, next: undefined, lookedCount }
}

/** Throws `precondition_failed` for a partition that is not there. */
function partsInOrder(
  browsed: Destination,
  { key, partition }: LatestAsked,
): readonly BrowsedPart[] {
  const parts = partsOf(browsed)
  if (partition !== undefined) {
    const chosen = parts.filter((part) => part.partition === partition)
    if (chosen.length > 0) return chosen
    const resource = queueResource(browsed.vhost, browsed.name)
    throw preconditionFailed(`${resource} has no partition ${partition}`)
  }
  if (browsed.kind !== 'topic') return parts
  const first = partitionOfKey(key, parts.length)
  return [parts[first]!, ...parts.filter(({ index }) => index !== first)]
}

/** -1 where it is no more. */
function indexOf(parts: readonly BrowsedPart[], { index }: BrowsePlace): number {
  return parts.findIndex((part) => part.index === index)
}

/** With all its properties and its payload, of which a walk reads little. */
function* readWhole(
  part: BrowsedPart,
  found: BrowsedMessage,
  { payloadSizeMax }: LatestAsked,
  context: PageContext,
): Steps<BrowsedMessage> {
  const start = { offset: found.offset, timestampMin: -Infinity }
  const { propertiesSizeMax } = searchLimits
  const one = { start, end: found.offset + 1, count: 1, payloadSizeMax, propertiesSizeMax }
  const page = yield* readPart(part, one, context)
  return page.messages[0] ?? found
}

function isTombstone({ payloadSize, properties }: BrowsedMessage): boolean {
  const mark = properties?.headers?.get(messageHeader.tombstone)
  return payloadSize === 0 && mark?.type === 'bool' && mark.value
}
