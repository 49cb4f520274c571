import type { FileStats } from '../store-stats.ts'
import type { DiskSpace } from './disk-space.ts'
import { fileKind } from './file-format.ts'
import type { Segment } from './segment.ts'

export function fileStatsOf(
  segments: Iterable<Segment>,
  { freeSize, freeSizeMin }: Pick<DiskSpace, 'freeSize' | 'freeSizeMin'>,
): FileStats {
  const stats = { walCount: 0, walSize: 0, cleanCount: 0, cleanSize: 0 }
  for (const { kind, size, dataEnd } of segments) {
    const bytes = Math.max(size, dataEnd)
    if (kind === fileKind.wal) {
      stats.walCount++
      stats.walSize += bytes
    } else {
      stats.cleanCount++
      stats.cleanSize += bytes
    }
  }
  return { ...stats, freeSize, freeSizeMin }
}
