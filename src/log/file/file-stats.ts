import type { FileStats } from '../store-stats.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { Cleaner } from './cleaner.ts'
import type { DiskSpace } from './disk-space.ts'
import { fileKind, formatVersion } from './file-format.ts'
import type { Segment } from './segment.ts'

interface FileParts {
  readonly segments: Iterable<Segment>
  readonly diskSpace: Pick<DiskSpace, 'freeSize' | 'freeSizeMin' | 'diskSize'>
  readonly cleaner: Pick<Cleaner, 'stats'>
  readonly checkpointer: Pick<Checkpointer, 'completedCount' | 'isRunning'>
}

export function fileStatsOf({ segments, diskSpace, cleaner, checkpointer }: FileParts): FileStats {
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
  const { freeSize, freeSizeMin, diskSize } = diskSpace
  return {
    ...stats,
    freeSize,
    freeSizeMin,
    diskSize,
    formatVersion,
    cleaning: cleaner.stats,
    checkpointCount: checkpointer.completedCount,
    isCheckpointing: checkpointer.isRunning,
  }
}
