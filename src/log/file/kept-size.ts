// A batch lives as long as any of its records does, so copying a file keeps more than the share of
// records that live. Without this count a file of half dead batches would be copied again and again.
import { logLimits } from '../../limits/log.ts'
import type { Log } from '../log.ts'
import type { RunIndex } from './run-index.ts'
import type { Extent, Segment } from './segment.ts'

/** Where to look what lives, and where runs are. */
export interface KeptSizeSource {
  readonly logs: ReadonlyMap<number, Log>
  readonly loadIndex: (extent: Extent) => Promise<RunIndex>
}

/**
 * About how many bytes are left of `segment` when whole batches are kept. `living` is what it would
 * be by the share of records that live. Counts again only after that went down by some part.
 */
export async function keptSize(
  segment: Segment,
  living: number,
  { logs, loadIndex }: KeptSizeSource,
): Promise<number> {
  const { survey } = segment
  if (survey !== undefined && living > survey.living * logLimits.batchSurveyShare)
    return survey.kept
  let kept = living
  for (const extent of [...segment.extents.values()].flat()) {
    const log = logs.get(extent.logId)
    if (log === undefined || extent.batchByteCount === 0) continue
    const count = log.keptIn(extent.firstOffset, extent.lastOffset)
    if (count === 0 || count >= extent.recordCount) continue
    kept += batchesKept(await loadIndex(extent), log)
  }
  segment.survey = { living, kept }
  return kept
}

/** Bytes of dead records in batches that live. */
function batchesKept(index: RunIndex, log: Log): number {
  let size = 0
  for (let at = 0; at < index.count; at++) {
    if (!index.isBatch(at)) continue
    const living = log.keptIn(index.baseOffset(at), index.lastOffset(at))
    if (living === 0) continue
    size += index.size(at) * Math.max(0, 1 - living / index.recordCount(at))
  }
  return size
}
