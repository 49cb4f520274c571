// Opens a data folder: recovers what it holds, takes a new leader epoch and a new WAL file, and
// only then makes the store.
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import type { Random } from '../../lib/random.ts'
import type { Turn } from '../../lib/turn.ts'
import { version } from '../../lib/version.ts'
import type { LogProfile } from '../log-profile.ts'
import type { LogStoreEvents, Recovered } from '../log-store.ts'
import type { RunConverter } from '../run-converter.ts'
import { asideFolderName, asideName } from './aside-file.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { makeRoomToStart } from './disk-space.ts'
import type { Disk } from './disk.ts'
import { fileKind, fileName, formatVersion, walFolderName } from './file-format.ts'
import { fileLimits } from './file-limits.ts'
import type { FileLimits } from './file-limits.ts'
import type { Durability } from './file-log-store-parts.ts'
import { FileLogStore } from './file-log-store.ts'
import { readWholeFile } from './file-operations.ts'
import { restoringName, stepsToHere } from './find-manifest.ts'
import { KeyedState } from './keyed-state.ts'
import { LogExtents } from './log-extents.ts'
import { decodeManifest, Manifest, manifestName } from './manifest.ts'
import { migrations, takeSteps } from './migrations.ts'
import type { Migration } from './migrations.ts'
import { patientDisk, ReadPatience } from './patient-disk.ts'
import { recoverFolder } from './recover-folder.ts'
import type { AsideReference } from './segment.ts'
import { SpareFiles, spareSuffix } from './spare-files.ts'
import { volatileFolderName } from './volatile-spill.ts'

export interface FileLogStoreOptions {
  /** The data folder; created when there is none. Whoever opens it holds its lock. */
  readonly path: string
  readonly disk: Disk
  /** Where what means nothing after a crash is spilled; by default in the data folder. */
  readonly local?: { readonly disk: Disk; readonly path: string } | undefined
  readonly clock: Clock
  readonly turn: Turn
  readonly durability: Durability
  /** Of logs that have none of their own; `latency` by default. */
  readonly profile?: LogProfile
  /** Publishers are blocked below this many free bytes; by default 50 MiB, or a tenth of a small disk. */
  readonly diskFreeMin?: number | undefined
  readonly events?: LogStoreEvents
  readonly converter?: RunConverter | undefined
  readonly random?: Random
  /** For tests. */
  readonly limits?: Partial<FileLimits>
  /** For tests. */
  readonly migrations?: readonly Migration[]
}

export interface OpenedFileLogStore {
  readonly store: FileLogStore
  readonly recovered: Recovered
}

/** Throws `LogError`: 'corrupt' names file, byte and remedy; 'format' a folder of another version. */
export async function openFileLogStore(options: FileLogStoreOptions): Promise<OpenedFileLogStore> {
  const { path, clock, turn } = options
  const patience = new ReadPatience(clock)
  const disk = patientDisk(options.disk, patience)
  const walFolder = join(path, walFolderName)
  const asideFolder = join(path, asideFolderName)
  await makeRoomToStart(disk, path)
  await disk.createFolder(walFolder)
  const migrated = await migrateFolder(disk, path, options.migrations)
  if (migrated !== undefined) options.events?.onMigrated?.(migrated, formatVersion)
  await disk.createFolder(asideFolder)
  const volatile = await emptyVolatileFolder(options.local ?? { disk, path })
  const extents = new LogExtents()
  const fileLimitsUsed = { ...fileLimits, ...options.limits }
  const keyed = new KeyedState(fileLimitsUsed)
  const folder = await recoverFolder({ disk, folder: path, extents, keyed })
  // A restore is through once the manifest is there; it may have been killed before it tidied up.
  await disk.removeTree(join(path, restoringName))
  const manifest = new Manifest(disk, path, {
    ...folder.manifest,
    version: formatVersion,
    writtenBy: version,
    epoch: folder.manifest.epoch + 1,
    files: folder.manifest.files.filter(({ id }) => folder.segments.some((kept) => kept.id === id)),
  })
  const random = options.random ?? systemRandom
  const isWalSynced = options.durability === 'fsync'
  const spares = new SpareFiles({
    disk,
    clock,
    folder: walFolder,
    fileSize: fileLimitsUsed.walFileSizeMax,
    isWanted: isWalSynced && disk.writesPastCache,
  })
  const names = await disk.list(walFolder)
  await spares.adopt(names)
  const segmentFolder = { disk, path: walFolder, manifest, random, isWalSynced, spares }
  const segment = await createSegment(segmentFolder, fileKind.wal)
  await removeOrphans(segmentFolder, names)
  const store = new FileLogStore({
    clock,
    turn,
    profile: options.profile ?? 'latency',
    diskFreeMin: options.diskFreeMin,
    events: options.events ?? {},
    converter: options.converter,
    limits: fileLimitsUsed,
    folder: segmentFolder,
    path,
    patience,
    asideFolder,
    volatile,
    extents,
    segments: folder.segments,
    segment,
    state: folder.state,
    topology: folder.topology,
    lastSequence: folder.lastSequence,
  })
  const gone = await store.compareBodies()
  const { topology } = folder
  const logs = [...store.logs.values()]
  const recovered = { logs, topology, state: keyed.toMap(), cut: folder.cut }
  return { store, recovered: { ...recovered, losses: describeLoss(gone, asideFolder) } }
}

/** Brings a folder of an older version to this one; returns the version that it had if that took a change. */
async function migrateFolder(
  disk: Disk,
  path: string,
  known: readonly Migration[] = migrations,
): Promise<number | undefined> {
  const bytes = await readWholeFile(disk, join(path, manifestName))
  const content = bytes && decodeManifest(bytes)
  if (content === undefined) return undefined
  const steps = stepsToHere(path, content, known)
  const migrated = await takeSteps({ disk, path, content }, steps)
  return migrated === content ? undefined : content.version
}

/** One sentence for all bodies that are gone, however many. */
function describeLoss(gone: readonly AsideReference[], folder: string): readonly string[] {
  const [first] = gone
  if (first === undefined) return []
  const { asideId, logId, offset } = first
  const more = gone.length === 1 ? '' : ` (and ${gone.length - 1} more like it)`
  return [
    `${join(folder, asideName(asideId))} is missing, so the message at offset ${offset} of log ${logId} is skipped${more}: put the file back and start again, or run "pabal verify" to see all of them and "pabal repair" to take them off for good`,
  ]
}

/** Removes data files that the manifest does not list: a crash left them behind. */
async function removeOrphans(
  { disk, path, manifest }: SegmentFolder,
  names: readonly string[],
): Promise<void> {
  const { files, topology } = manifest.content
  const listed = new Set(files.map(({ id }) => fileName(id)))
  if (topology !== undefined) listed.add(fileName(topology.fileId))
  for (const name of names) {
    if (!listed.has(name) && !name.endsWith(spareSuffix)) await disk.unlink(join(path, name))
  }
}

/** What an earlier process spilled means nothing any more. */
async function emptyVolatileFolder({
  disk,
  path,
}: {
  readonly disk: Disk
  readonly path: string
}): Promise<{ readonly disk: Disk; readonly folder: string }> {
  const folder = join(path, volatileFolderName)
  await disk.createFolder(folder)
  for (const name of await disk.list(folder)) await disk.unlink(join(folder, name))
  return { disk, folder }
}
