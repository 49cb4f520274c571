// When a record came, without reading a file: see `LogStore.timestampAt`.
import type { Log } from '../log.ts'
import type { LogExtents } from './log-extents.ts'

export function timestampAt(extents: LogExtents, log: Log, offset: number): number | undefined {
  const at = Math.max(offset, log.floor)
  if (at >= log.endOffset) return undefined
  if (at >= log.tailStart) return log.tail.at(log.findInTail(at))?.baseTimestamp
  const extent = extents.find(log.id, at)
  if (extent === undefined) return log.tail.first?.baseTimestamp
  const { index } = extent
  // The index of a file that was finished is loaded only for its readers.
  const place = index?.find(at) ?? Infinity
  return index !== undefined && place < index.count
    ? index.maxTimestamp(place)
    : extent.maxTimestamp
}
