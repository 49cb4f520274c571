// Opens a data folder: first its lock, then the log, then the view of the topology, which follows the log.
import path from 'node:path'
import { logLimits } from '../limits/log.ts'
import { makeRoomToStart } from '../log/file/disk-space.ts'
import type { Disk } from '../log/file/disk.ts'
import { type OpenedFileLogStore, openFileLogStore } from '../log/file/open-file-log-store.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import { foldTopology } from '../meta/fold-topology.ts'
import { systemTopologyFiles } from '../meta/topology-files.ts'
import { TopologyView } from '../meta/topology-view.ts'
import type { FileDoors, Storage, StorageOptions } from './storage.ts'

export async function openFileStorage(options: StorageOptions): Promise<Storage> {
  const folder = path.resolve(options.data)
  const doors = doorsOf(options)
  const { topologyFiles, remote } = doors
  const local = { disk: remote?.localDisk ?? doors.disk, path: folder }
  await local.disk.createFolder(folder)
  await makeRoomToStart(local.disk, folder)
  let follower: (sequence: number) => void = () => undefined
  const view = new TopologyView({
    folder,
    clock: options.clock,
    files: topologyFiles,
    onApplied: (sequence) => follower(sequence),
    onRebuilt: (reason) => {
      const text = `meta.db ${reason}: it is made again from the log`
      // A folder of copies has what the cell was when this node last had it, or nothing.
      if (remote === undefined) options.logger.warn(text)
      else options.logger.info(text)
    },
    onFailed: (error) => {
      options.logger.warn({ err: error }, 'meta.db cannot be written; trying again')
    },
  })
  try {
    const { store, recovered } = await openLog(options, { ...doors, local }, view)
    if (recovered.cut !== undefined) options.logger.warn(recovered.cut)
    for (const loss of recovered.losses) options.logger.error(loss)
    const topology = foldTopology(recovered.topology)
    view.follow({ topology, entries: recovered.topology })
    return {
      store,
      topology,
      logs: recovered.logs,
      state: recovered.state,
      followTopology: (listener) => {
        follower = listener
        listener(view.appliedSequence)
      },
      openSnapshot: () => store.openSnapshot(),
      abandon: () => store.abandon(),
      close: async () => {
        await store.close()
        await view.close()
      },
    }
  } catch (error) {
    await view.close()
    throw error
  }
}

interface LogDoors extends FileDoors {
  readonly local: { readonly disk: Disk; readonly path: string }
}

function openLog(
  options: StorageOptions,
  { disk, remote, local }: LogDoors,
  view: TopologyView,
): Promise<OpenedFileLogStore> {
  const { clock, random, turn, logger } = options
  return openFileLogStore({
    path: remote?.root ?? local.path,
    disk,
    local,
    clock,
    random,
    turn,
    durability: options.durability,
    profile: options.profile,
    diskFreeMin: freeMinOf(options.diskFreeLimit),
    converter: options.converter,
    events: {
      onBlocked: options.onBlocked,
      onFailed: options.onFailed,
      onTopologyDurable: ({ sequence, bytes }) => view.apply(sequence, bytes),
      onTrouble: (error, count) => {
        const often = count === 1 ? '' : `, ${count} times`
        const place = remote === undefined ? 'The data folder' : remote.root
        logger.error(`${place} fails${often}: ${error.message}; it is tried again`)
      },
      onMigrated: (from, to) => {
        logger.info(`The data folder was brought from format ${from} to format ${to}`)
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

/** A limit that nobody set leaves the log its own, which is lower on a small disk. */
function freeMinOf(diskFreeLimit: number): number | undefined {
  return diskFreeLimit === logLimits.diskFreeMin ? undefined : diskFreeLimit
}
