// Where a look at a queue or topic begins, and where the next page goes on.
import { type Steps, resultOf } from '../../lib/slices.ts'
import type { LogStore } from '../../log/log-store.ts'
import { preconditionFailed, queueResource } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import { type BrowsedPart, partsOf } from './browsed-part.ts'
import type { MessageFilter } from './message-filter.ts'

/** An offset in the part with this index: where the page before ended. */
export interface BrowsePlace {
  readonly index: number
  readonly offset: number
}

/**
 * At the first message that is not acked, at the first or the last ones that are kept, at an offset, or at
 * a time in milliseconds since the Unix epoch.
 */
export type BrowseStart =
  | { readonly kind: 'head' | 'first' | 'last' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }

/** What to look at. */
export interface BrowseAsked {
  readonly start: BrowseStart
  /** Where the page before ended. */
  readonly after?: BrowsePlace | undefined
  /** The only one to look at. */
  readonly partition?: number | undefined
  /** How many messages, at most. */
  readonly count: number
  /** How much to show of each payload, at most. */
  readonly payloadSizeMax: number
  /** Others are passed over; left out, all are shown. */
  readonly filter?: MessageFilter | undefined
  /** Those of transactions that are open, too. */
  readonly includesOpen?: boolean
}

/**
 * The parts to look at from now on. Throws `precondition_failed` for a partition that is not there, and for
 * an offset in one of several.
 */
export function chooseParts(
  browsed: Destination,
  { start, after, partition }: BrowseAsked,
): readonly BrowsedPart[] {
  const resource = queueResource(browsed.vhost, browsed.name)
  const all = partsOf(browsed)
  const chosen = partition === undefined ? all : all.filter((part) => part.partition === partition)
  if (chosen.length === 0) throw preconditionFailed(`${resource} has no partition ${partition}`)
  if (after !== undefined) return chosen.slice(placeIn(chosen, after, resource))
  if (start.kind !== 'offset' || chosen.length === 1) return chosen
  // Offsets of a queue with a source are those of the source.
  const numbered = chosen.filter((part) => part.partition !== undefined)
  if (numbered.length === 1) return numbered
  throw preconditionFailed(`${resource} has several partitions: name one of them, or a time`)
}

function placeIn(parts: readonly BrowsedPart[], { index }: BrowsePlace, resource: string): number {
  const at = parts.findIndex((part) => part.index === index)
  if (at >= 0) return at
  throw preconditionFailed(`${resource} has no such place`)
}

/** Where to begin in a part, and the time before which nothing of the first run is wanted. */
export interface PartStart {
  readonly offset: number
  readonly timestampMin: number
}

export function* startIn(
  part: BrowsedPart,
  { start, after, count }: BrowseAsked,
  store: LogStore,
): Steps<PartStart> {
  const at = (offset: number): PartStart => ({ offset, timestampMin: -Infinity })
  if (after?.index === part.index) return at(after.offset)
  switch (start.kind) {
    case 'head':
      return at(part.head)
    case 'first':
      return at(0)
    case 'last':
      return at(Math.max(0, part.log.stableEnd - count))
    case 'offset':
      return at(start.offset)
    case 'time': {
      const run = yield* resultOf(store.findRunByTimestamp(part.log, start.time))
      run?.release()
      if (run === undefined) return at(part.log.stableEnd)
      return { offset: run.baseOffset, timestampMin: start.time }
    }
    default:
      return start satisfies never
  }
}
