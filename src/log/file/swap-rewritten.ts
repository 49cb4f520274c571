// Puts runs that were written anew in the place of the old ones: in the manifest, then in memory.
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { AsideStore } from './aside-store.ts'
import type { ColdReader } from './cold-reader.ts'
import type { SegmentFolder } from './create-segment.ts'
import { partOfExtent, replacedEnds } from './extent-part.ts'
import type { IndexCache } from './index-cache.ts'
import type { LogExtents } from './log-extents.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import type { RunIndex } from './run-index.ts'
import type { RunReader } from './run-reader.ts'
import type { Extent, Segment } from './segment.ts'

export interface SwapParts {
  readonly folder: SegmentFolder
  readonly extents: LogExtents
  readonly indexCache: IndexCache
  /** All files that are not retired. */
  readonly segments: Set<Segment>
  readonly asides: AsideStore
  readonly coldReader: ColdReader
  readonly runReader: RunReader
  /** Runs left the tail of their log. */
  readonly onRunsDropped: (log: Log, runs: readonly Run[]) => void
}

/** What was written: new files with the runs of logs below an offset. */
export interface Rewritten {
  readonly targets: readonly { readonly segment: Segment; readonly extents: readonly Extent[] }[]
  readonly ends: ReadonlyMap<Log, number>
  /** The files are about to be listed: from now on they are not to be thrown away. */
  readonly onListing: () => void
}

/** To be done while no file is cleaned, as that copies what is about to go. */
export async function swapRewritten(parts: SwapParts, rewritten: Rewritten): Promise<void> {
  const { folder, segments } = parts
  const { targets, ends } = rewritten
  const replaced = replacedByFile(parts, ends)
  // The indexes of sealed files of which a part stays; those of open ones are in memory, and grow.
  const indexes = await loadIndexes(parts, ends)
  rewritten.onListing()
  for (const { segment } of targets) segments.add(segment)
  await folder.manifest.update((content) => listRewritten(content, targets, replaced))
  for (const { segment } of targets) segment.state = 'sealed'
  const added = targets.flatMap(({ extents }) => extents)
  for (const [log, end] of ends) {
    if (log.isDeleted) continue
    const own = added.filter(({ logId }) => logId === log.id)
    swapLog(parts, { log, end, added: own }, indexes)
  }
  for (const extent of added) if (parts.extents.has(extent)) keepIndex(parts, extent)
}

interface SwappedLog {
  readonly log: Log
  readonly end: number
  readonly added: readonly Extent[]
}

function swapLog(
  parts: SwapParts,
  { log, end, added }: SwappedLog,
  indexes: ReadonlyMap<Extent, RunIndex>,
): void {
  const { extents, coldReader, runReader, onRunsDropped, asides } = parts
  const old = extents.of(log.id).filter(({ firstOffset }) => firstOffset < end)
  for (const extent of old) dropBelow(parts, extent, { end, index: indexes.get(extent) })
  for (const extent of added) extents.insert(extent)
  extents.dropBelow(log.id, log.floor)
  onRunsDropped(log, log.evictBefore(end))
  coldReader.forget(log)
  runReader.forget(log)
  const kept = new Set<number>()
  for (const { segment } of added) {
    for (const { logId, offset } of segment.asides) if (logId === log.id) kept.add(offset)
  }
  const changed = new Set(old.map(({ segment }) => segment))
  for (const segment of changed) forgetAsides(segment, log.id, end)
  asides.onRewritten(log, end, kept)
}

/** Also used at a start: bodies of records that are gone are nobody's. */
export function forgetAsides(segment: Segment, logId: number, end: number): void {
  if (segment.asides.length === 0) return
  segment.asides = segment.asides.filter((each) => each.logId !== logId || each.offset >= end)
}

interface Cut {
  readonly end: number
  readonly index: RunIndex | undefined
}

function dropBelow(parts: SwapParts, extent: Extent, { end, index }: Cut): void {
  const { extents, indexCache } = parts
  const known = extent.index ?? index
  const isPart = extent.lastOffset >= end && known !== undefined
  const rest = isPart ? partOfExtent(extent, known, (at) => known.lastOffset(at) >= end) : undefined
  if (extent.segment.state !== 'open') indexCache.forget(extent)
  if (rest === undefined) extents.drop(extent)
  else if (extents.replace(extent, rest)) keepIndex(parts, rest)
}

/** That of an open file is nowhere else: it does not belong to the cache. */
function keepIndex({ indexCache }: SwapParts, extent: Extent): void {
  if (extent.segment.state !== 'open') indexCache.keep(extent, extent.index as RunIndex)
}

async function loadIndexes(
  { extents, indexCache }: SwapParts,
  ends: Rewritten['ends'],
): Promise<Map<Extent, RunIndex>> {
  const indexes = new Map<Extent, RunIndex>()
  for (const [log, end] of ends) {
    for (const extent of extents.of(log.id)) {
      const isCut = extent.firstOffset < end && extent.lastOffset >= end
      if (isCut) indexes.set(extent, await indexCache.load(extent))
    }
  }
  return indexes
}

/** What the manifest has to say of each file in which the logs have runs below their ends. */
function replacedByFile(
  { extents }: SwapParts,
  ends: Rewritten['ends'],
): Map<number, Map<number, number>> {
  const files = new Map<number, Map<number, number>>()
  for (const [log, end] of ends) {
    for (const { segment, firstOffset } of extents.of(log.id)) {
      if (firstOffset >= end) continue
      const ofFile = files.get(segment.id)
      if (ofFile === undefined) files.set(segment.id, new Map([[log.id, end]]))
      else ofFile.set(log.id, end)
    }
  }
  return files
}

function listRewritten(
  content: ManifestContent,
  targets: Rewritten['targets'],
  replaced: ReadonlyMap<number, ReadonlyMap<number, number>>,
): ManifestContent {
  const files: ManifestFile[] = content.files.map((file) => {
    const ends = replaced.get(file.id)
    if (ends === undefined) return file
    const all = new Map([...replacedEnds(file.replaced), ...ends])
    return { ...file, replaced: [...all].flat() }
  })
  for (const { segment } of targets) {
    const { id, size, dataEnd } = segment
    files.push({ id, kind: 'survivors', sealedSize: size, dataEnd })
  }
  return { ...content, files: files.toSorted((a, b) => a.id - b.id) }
}
