import { partOfExtent } from './extent-part.ts'
import { readOrRebuild } from './index-cache.ts'
import type { LogExtents } from './log-extents.ts'
import type { Extent } from './segment.ts'

/**
 * Inserts an extent of a file of survivors where a repair may have listed the files, too, from which it was
 * copied or written anew: of what those have in its range nothing counts. Survivors are inserted in the order
 * of their files: the later ones are newer.
 */
export async function insertOverOthers(extents: LogExtents, extent: Extent): Promise<void> {
  const { logId, firstOffset, lastOffset } = extent
  for (;;) {
    const other = extents.find(logId, firstOffset)
    if (other === undefined || other.firstOffset > lastOffset) break
    const index = other.index ?? (await readOrRebuild(other))
    const before = partOfExtent(other, index, (at) => index.lastOffset(at) < firstOffset)
    const after = partOfExtent(other, index, (at) => index.baseOffset(at) > lastOffset)
    extents.drop(other)
    for (const part of [before, after]) {
      if (part === undefined) continue
      if (part.segment.state === 'sealed') part.index = undefined
      extents.insert(part)
    }
  }
  extents.insert(extent)
}
