// All messages of a queue or topic, whole, as they are when the export begins; they stay as they are. A page is in
// memory at a time, and read when the one before has been taken.
import { tailLimits } from '../../limits/tail.ts'
import type { Destination } from '../destination.ts'
import { knowEnds } from '../know-ends.ts'
import { type BrowseAsked, chooseParts, startIn } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import type { BrowsedPart } from './browsed-part.ts'
import { readPart } from './read-page.ts'
import type { TailContext } from './tail.ts'

export interface ExportAsked extends Pick<BrowseAsked, 'start' | 'partition' | 'filter'> {
  /** No message at or behind this offset; Infinity for all that are there. */
  readonly end: number
  /** How many messages at most. */
  readonly limit: number
  /** Of a start at the last ones, in each partition. */
  readonly lastCount: number
}

/** Offsets of a topic that retention has trimmed while it was exported. */
export interface ExportGap {
  readonly partition: number | undefined
  readonly from: number
  readonly to: number
}

export type Exported = { readonly message: BrowsedMessage } | { readonly gap: ExportGap }

/**
 * Part after part. Throws `precondition_failed` for a partition that is not there and an offset in one of
 * several, and what reading the disk does.
 */
export async function* exportMessages(
  stream: Destination,
  asked: ExportAsked,
  context: TailContext,
): AsyncGenerator<readonly Exported[], void, undefined> {
  const { start, partition, filter, lastCount } = asked
  const browse = { start, partition, filter, count: lastCount, payloadSizeMax: 0 }
  await knowEnds(stream)
  // An end is an offset in the only one, as a start is.
  if (asked.end < Infinity) chooseParts(stream, { ...browse, start: { kind: 'offset', offset: 0 } })
  const parts = chooseParts(stream, browse).map((part) => ({
    part,
    end: Math.min(asked.end, part.log.stableEnd),
  }))
  let left = asked.limit
  for (const { part, end } of parts) {
    const { browser, store } = context
    const place = await browser.run(() => startIn(part, browse, store))
    let at = { ...place, offset: part.next(place.offset) }
    while (at.offset < end && left > 0) {
      // Others look at something meanwhile, also when its leader is away.
      await part.log.origin?.refresh()
      const gap = trimmedOf(stream, part, at.offset)
      const page = await browser.run(() =>
        readPart(
          part,
          {
            start: at,
            end,
            filter,
            count: Math.min(left, tailLimits.countMax),
            payloadSizeMax: Infinity,
            propertiesSizeMax: Infinity,
          },
          context,
        ),
      )
      left -= page.messages.length
      at = { offset: page.next, timestampMin: -Infinity }
      const messages = page.messages.map((message) => ({ message }))
      yield gap === undefined ? messages : [{ gap }, ...messages]
    }
  }
}

function trimmedOf(
  { kind }: Destination,
  { partition, head }: BrowsedPart,
  from: number,
): ExportGap | undefined {
  return kind === 'topic' && head > from ? { partition, from, to: head } : undefined
}
