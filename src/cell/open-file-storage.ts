// Opens a data folder: first its lock, then the view of the topology, then the log, whose entries
// bring the view up to date.
import path from 'node:path'
import { logLimits } from '../limits/log.ts'
import { makeRoomToStart } from '../log/file/disk-space.ts'
import type { Disk } from '../log/file/disk.ts'
import { type OpenedFileLogStore, openFileLogStore } from '../log/file/open-file-log-store.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import type { Topology } from '../meta/topology-database.ts'
import { systemTopologyFiles } from '../meta/topology-files.ts'
import { TopologyView } from '../meta/topology-view.ts'
import type { FileDoors, Storage, StorageOptions } from './storage.ts'

export async function openFileStorage(options: StorageOptions): Promise<Storage> {
  const folder = path.resolve(options.data)
  const { disk, topologyFiles } = doorsOf(options)
  await disk.createFolder(folder)
  // The view of the topology needs room, too.
  await makeRoomToStart(disk, folder)
  // Not what was recovered: it is large, and needed only once.
  let opened: OpenedFileLogStore['store'] | undefined
  const followers: ((sequence: number) => void)[] = []
  const view = new TopologyView({
    folder,
    clock: options.clock,
    files: topologyFiles,
    onApplied: (sequence) => {
      opened?.onTopologyApplied(sequence)
      for (const follower of followers) follower(sequence)
    },
    onFailed: (error) => {
      options.logger.warn({ err: error }, 'meta.db cannot be written; trying again')
    },
  })
  try {
    const topology = view.load()
    const { store, recovered } = await openLog(options, { folder, disk }, view, topology)
    opened = store
    if (recovered.cut !== undefined) options.logger.warn(recovered.cut)
    for (const loss of recovered.losses) options.logger.error(loss)
    return {
      store,
      topology: await replay(view, recovered.topology, topology),
      logs: recovered.logs,
      state: recovered.state,
      followTopology: (listener) => {
        followers.push(listener)
        listener(view.appliedSequence)
      },
      close: async () => {
        await view.flush()
        await store.close()
        await view.close()
      },
    }
  } catch (error) {
    await view.close()
    throw error
  }
}

function openLog(
  options: StorageOptions,
  { folder, disk }: { readonly folder: string; readonly disk: Disk },
  view: TopologyView,
  { appliedSequence }: Topology,
): Promise<OpenedFileLogStore> {
  const { clock, random, turn, logger } = options
  return openFileLogStore({
    path: folder,
    disk,
    clock,
    random,
    turn,
    durability: options.durability,
    diskFreeMin: freeMinOf(options.diskFreeLimit),
    converter: options.converter,
    topologyAfter: appliedSequence,
    events: {
      onBlocked: options.onBlocked,
      onFailed: options.onFailed,
      onTopologyDurable: ({ sequence, bytes }) => view.apply(sequence, bytes),
      onTrouble: (error, count) => {
        const often = count === 1 ? '' : `, ${count} times`
        logger.error(`The data folder fails${often}: ${error.message}; it is tried again`)
      },
      onDamaged: (log, first, last, error) => {
        logger.error({ err: error, log: log.id, first, last }, 'Records are damaged and skipped')
      },
    },
  })
}

function doorsOf({ kind, clock, syncDelayMs }: StorageOptions): FileDoors {
  if (typeof kind === 'object' && 'disk' in kind) return kind
  return { disk: createSystemDisk({ clock, syncDelayMs }), topologyFiles: systemTopologyFiles }
}

/** Brings the view up to date with the log; what it holds then is the topology. */
async function replay(
  view: TopologyView,
  entries: OpenedFileLogStore['recovered']['topology'],
  loaded: Topology,
): Promise<Topology> {
  if (entries.length === 0) return loaded
  for (const { sequence, bytes } of entries) view.apply(sequence, bytes)
  return view.reload()
}

/** A limit that nobody set leaves the log its own, which is lower on a small disk. */
function freeMinOf(diskFreeLimit: number): number | undefined {
  return diskFreeLimit === logLimits.diskFreeMin ? undefined : diskFreeLimit
}
