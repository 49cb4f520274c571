// A part of an extent: what is left of it when the rest of the log's runs there are written anew elsewhere.
import type { RunIndex } from './run-index.ts'
import { Extent } from './segment.ts'

/**
 * The runs of `extent` that `isWanted` by their place in its `index`, which follow on one another, with their
 * index in memory; undefined when there is none.
 */
export function partOfExtent(
  extent: Extent,
  index: RunIndex,
  isWanted: (at: number) => boolean,
): Extent | undefined {
  let start = 0
  while (start < index.count && !isWanted(start)) start++
  if (start === index.count) return undefined
  const part = new Extent(extent.segment, extent.logId, index.baseOffset(start))
  for (let at = start; at < index.count && isWanted(at); at++) part.add(index.get(at))
  part.sectionPosition = extent.sectionPosition
  part.sectionCrc = extent.sectionCrc
  part.sectionRunCount = extent.sectionRunCount
  part.sectionStart = extent.sectionStart + start
  return part
}

/** The offset below which the runs of each log are elsewhere, from what the manifest says of a file. */
export function replacedEnds(replaced: readonly number[] = []): Map<number, number> {
  const ends = new Map<number, number>()
  for (let at = 0; at < replaced.length; at += 2) ends.set(replaced[at]!, replaced[at + 1]!)
  return ends
}

/** What is left of `extent` without the runs that end below `end`: all, a part or nothing. */
export async function withoutReplaced(
  extent: Extent,
  end: number,
  loadIndex: (extent: Extent) => Promise<RunIndex>,
): Promise<Extent | undefined> {
  if (extent.firstOffset >= end) return extent
  if (extent.lastOffset < end) return undefined
  const index = extent.index ?? (await loadIndex(extent))
  return partOfExtent(extent, index, (at) => index.lastOffset(at) >= end)
}
