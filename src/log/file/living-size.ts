// How many bytes of a log somebody may still read, by whole runs.
import type { Log } from '../log.ts'
import type { LogExtents } from './log-extents.ts'
import type { Extent } from './segment.ts'

/**
 * Bytes of the runs of `log` that do not lie below its floor. An estimate only where the floor is
 * inside a sealed file whose index is not in memory.
 */
export function livingSize(extents: LogExtents, log: Log): number {
  const { floor } = log
  const first = extents.of(log.id)[0]
  const size = extents.sizeOf(log.id)
  return first === undefined || first.firstOffset >= floor ? size : size - trimmedSize(first, floor)
}

/** See `LogStore.sizeIn`. */
export function sizeIn(
  extents: LogExtents,
  { id }: Log,
  { first, end }: { readonly first: number; readonly end: number },
): number {
  let size = 0
  for (const { firstOffset, lastOffset, byteCount } of extents.of(id)) {
    const count = Math.min(lastOffset + 1, end) - Math.max(firstOffset, first)
    if (count > 0) size += (byteCount * count) / (lastOffset + 1 - firstOffset)
  }
  return Math.round(size)
}

/** Bytes of the runs of `extent` that lie below `floor`. */
function trimmedSize(extent: Extent, floor: number): number {
  const { index, firstOffset, lastOffset, byteCount } = extent
  if (index === undefined) {
    const share = (floor - firstOffset) / (lastOffset - firstOffset + 1)
    return Math.max(extent.trimmedByteCount, Math.floor(byteCount * Math.min(1, share)))
  }
  let at = extent.trimmedRunCount
  for (; at < index.count && index.lastOffset(at) < floor; at++) {
    extent.trimmedByteCount += index.size(at)
  }
  extent.trimmedRunCount = at
  return extent.trimmedByteCount
}
