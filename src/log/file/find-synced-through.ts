// After a bad group: do later bytes still prove that it had been on stable storage?
import { readInt64 } from '../../lib/int64.ts'
import { logLimits } from '../../limits/log.ts'
import { groupField, groupHeaderSize, groupMagic } from './file-format.ts'
import { readAt } from './file-operations.ts'
import { checkGroupHeader, groupSizeAt } from './group-decoder.ts'
import type { Segment } from './segment.ts'

/** The highest group that any intact group header at or after `from` says was synced; 0 if none. */
export async function findSyncedThrough(segment: Segment, from: number): Promise<number> {
  let highest = 0
  const pieceSize = logLimits.sequentialReadSize
  for (let start = from; start < segment.size; start += pieceSize) {
    // Pieces overlap so that a header across their border is seen.
    const piece = await readAt(segment.file, start, pieceSize + groupHeaderSize)
    let at = piece.indexOf(groupMagic)
    while (at >= 0 && at < pieceSize) {
      // What a spare file held before is full of other files' groups: they cost no read each.
      const isWhole = at + groupHeaderSize <= piece.length
      const isOurs = isWhole && groupSizeAt(piece, at, segment.id) > 0
      if (isOurs) highest = Math.max(highest, await syncedThroughAt(segment, start + at))
      at = piece.indexOf(groupMagic, at + 1)
    }
  }
  return highest
}

async function syncedThroughAt(segment: Segment, position: number): Promise<number> {
  const header = await readAt(segment.file, position, groupHeaderSize)
  if (header.length < groupHeaderSize || groupSizeAt(header, 0, segment.id) === 0) return 0
  const size = groupHeaderSize + header.readUInt32BE(groupField.entriesSize)
  if (position + size > segment.size) return 0
  const bytes = await readAt(segment.file, position, size)
  if (bytes.length < size || checkGroupHeader(bytes, segment.salt) !== undefined) return 0
  return readInt64(bytes, groupField.syncedThrough)
}
