// After a bad commit: do later bytes still prove that it had been on stable storage?
import { readInt64 } from '../../lib/int64.ts'
import { logLimits } from '../../limits/log.ts'
import { checkCommitHeader, commitSizeAt } from './commit-decoder.ts'
import { commitField, commitHeaderSize, commitMagic } from './file-format.ts'
import { readAt } from './file-operations.ts'
import type { Segment } from './segment.ts'

/** The highest commit that any intact commit header at or after `from` says was synced; 0 if none. */
export async function findSyncedThrough(segment: Segment, from: number): Promise<number> {
  let highest = 0
  const pieceSize = logLimits.sequentialReadSize
  for (let start = from; start < segment.size; start += pieceSize) {
    // Pieces overlap so that a header across their border is seen.
    const piece = await readAt(segment.file, start, pieceSize + commitHeaderSize)
    let at = piece.indexOf(commitMagic)
    while (at >= 0 && at < pieceSize) {
      // What a spare file held before is full of other files' commits: they cost no read each.
      const isWhole = at + commitHeaderSize <= piece.length
      const isOurs = isWhole && commitSizeAt(piece, at, segment.id) > 0
      if (isOurs) highest = Math.max(highest, await syncedThroughAt(segment, start + at))
      at = piece.indexOf(commitMagic, at + 1)
    }
  }
  return highest
}

async function syncedThroughAt(segment: Segment, position: number): Promise<number> {
  const header = await readAt(segment.file, position, commitHeaderSize)
  if (header.length < commitHeaderSize || commitSizeAt(header, 0, segment.id) === 0) return 0
  const size = commitHeaderSize + header.readUInt32BE(commitField.entriesSize)
  if (position + size > segment.size) return 0
  const bytes = await readAt(segment.file, position, size)
  if (bytes.length < size || checkCommitHeader(bytes, segment.salt) !== undefined) return 0
  return readInt64(bytes, commitField.syncedThrough)
}
