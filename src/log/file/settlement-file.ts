// A WAL file that `pabal repair` adds behind the others: one commit that acks, for every cursor,
// the records which cannot be had any more, so that counts are right from the next start on.
import type { Random } from '../../lib/random.ts'
import { Commit } from '../commit.ts'
import { CommitEncoder } from './commit-encoder.ts'
import { totalSize } from './direct-file.ts'
import type { Disk } from './disk.ts'
import { EntryWriter } from './entry-writer.ts'
import { encodeFileHeader, fileHeaderSize, fileKind } from './file-format.ts'
import { syncFile, writeAllAt } from './file-operations.ts'
import type { MissingOffsets } from './folder-contents.ts'

/** An entry has so many ranges at most. */
const rangesPerEntry = 1000

export interface SettlementPlace {
  readonly path: string
  readonly fileId: number
  readonly leaderEpoch: number
  /** The commit after the last one that is there. */
  readonly sequence: number
  readonly syncedThrough: number
}

/** Writes the file, synced; its name is not. */
export async function writeSettlement(
  disk: Disk,
  random: Random,
  place: SettlementPlace,
  missing: readonly MissingOffsets[],
): Promise<void> {
  const { fileId: id, path } = place
  const salt = random.below(0x1_0000_0000)
  const commit = new Commit(place.sequence)
  commit.extra = encodeAcks(missing)
  const buffers = new CommitEncoder().encode(commit, { ...place, salt, position: fileHeaderSize })
  await disk.unlink(path)
  const file = await disk.open(path, 'create')
  try {
    await writeAllAt(file, [encodeFileHeader({ kind: fileKind.wal, id, salt, priorSize: 0 })], 0)
    await writeAllAt(file, buffers, fileHeaderSize)
    await syncFile(file)
    await file.finish(fileHeaderSize + totalSize(buffers))
  } finally {
    await file.close()
  }
}

function encodeAcks(missing: readonly MissingOffsets[]): { bytes: Buffer; count: number } {
  const entries = new EntryWriter()
  for (const { cursorIds, ranges } of missing) {
    for (let from = 0; from < ranges.length; from += rangesPerEntry) {
      const part = ranges.slice(from, from + rangesPerEntry)
      const acked = part.flatMap(({ first, last }) => [first, last])
      for (const cursorId of cursorIds) entries.delta(cursorId, -1, acked)
    }
  }
  return { bytes: entries.bytes.subarray(0, entries.size), count: entries.count }
}
