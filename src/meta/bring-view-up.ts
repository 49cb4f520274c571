// Brings the view to what the log says at a start: entries that it lacks are applied to it, and then its
// rows are compared with the log's. Whatever is wrong with it, it is removed and made again: nothing is
// in it that the log does not have.
import type { Clock } from '../lib/clock.ts'
import { Slices } from '../lib/slices.ts'
import { metaLimits } from '../limits/meta.ts'
import type { TopologyEntry } from '../log/commit.ts'
import { digestTopology } from './digest-topology.ts'
import { EntryBatch } from './entry-batch.ts'
import { encodeTopologyChanges } from './topology-change.ts'
import { encodeInEntries, putsOf } from './topology-entries.ts'
import type { TopologyFiles } from './topology-files.ts'
import type { Topology } from './topology.ts'
import type { ViewWriter } from './view-writer.ts'

/** What the log says at the start. */
export interface FollowedLog {
  readonly topology: Topology
  /** What it was made of; a view that lacks only the last of them is not made again. */
  readonly entries: readonly TopologyEntry[]
}

export interface BringUpOptions {
  readonly folder: string
  readonly clock: Clock
  readonly files: TopologyFiles
  readonly writer: ViewWriter
  readonly onRebuilt: (reason: string) => void
  /** The view is being closed: nothing more is begun. */
  readonly isEnded: () => boolean
}

/** Rejects when the view cannot be written; to be called again then. */
export async function bringViewUp(log: FollowedLog, options: BringUpOptions): Promise<void> {
  const reason = await differenceOf(log, options)
  if (reason === undefined || options.isEnded()) return
  options.onRebuilt(reason)
  await rebuild(log.topology, options)
}

/** Says what is wrong with the view once it was given what it lacks; undefined when it is right. */
async function differenceOf(
  { topology, entries }: FollowedLog,
  { folder, clock, files, writer, isEnded }: BringUpOptions,
): Promise<string | undefined> {
  const last = topology.appliedSequence
  try {
    const applied = files.appliedSequence(folder)
    if (applied === 0) return last === 0 ? undefined : 'is missing or was not finished'
    if (applied > last) return 'shows changes that the log does not have'
    if (applied < (entries[0]?.sequence ?? 0) - 1) return 'is older than what the log keeps apart'
    const missing = entries.filter(({ sequence }) => sequence > applied)
    for (const batch of batchesOf(missing)) {
      if (isEnded()) return undefined
      await writer.write(batch)
    }
    await writer.stop()
    const slices = new Slices(clock, metaLimits.viewSliceMs)
    const digest = await slices.run(files.digest(folder))
    const expected = await slices.run(digestTopology(topology))
    return digest === expected ? undefined : 'shows something else than the log says'
  } catch (error) {
    return `cannot be used (${error instanceof Error ? error.message : String(error)})`
  }
}

async function rebuild(
  topology: Topology,
  { folder, files, writer, isEnded }: BringUpOptions,
): Promise<void> {
  await writer.stop()
  files.remove(folder)
  for (const batch of batchesOf(entriesFor(topology))) {
    if (isEnded()) return
    await writer.write(batch)
  }
}

/** Only the last one says how far the view is: until then it counts as not finished. */
function* entriesFor(topology: Topology): Generator<TopologyEntry> {
  for (const bytes of encodeInEntries(putsOf(topology))) yield { sequence: 0, bytes }
  yield { sequence: topology.appliedSequence, bytes: encodeTopologyChanges([]) }
}

/** A batch takes some milliseconds to make. */
function* batchesOf(entries: Iterable<TopologyEntry>): Generator<EntryBatch> {
  let batch = new EntryBatch()
  for (const { sequence, bytes } of entries) {
    batch.add(sequence, bytes)
    if (batch.size < metaLimits.viewBatchSize) continue
    yield batch
    batch = new EntryBatch()
  }
  if (batch.count > 0) yield batch
}
