// The disk of a cell that this node owns: rows of PostgreSQL and objects behind the door of the machine's own disk.
import path from 'node:path'
import type { FileDoors } from '../cell/storage.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { CellObjects } from '../log/cluster/cell-objects.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import { openClusterDisk } from '../log/cluster/cluster-disk.ts'
import type { ObjectCache } from '../log/cluster/objects/object-cache.ts'
import type { ObjectStore } from '../log/cluster/objects/object-store.ts'
import type { Disk } from '../log/file/disk.ts'
import { systemTopologyFiles } from '../meta/topology-files.ts'
import type { CellFacts } from './node-facts.ts'

/** A cell's disk, as long as the cell is this node's. */
export interface OpenedCellDisk extends AsyncDisposable {
  readonly doors: FileDoors
  facts(): CellFacts
}

export interface OwnedCell {
  readonly cell: number
  readonly table: CellTable
  /** For copies on this machine. */
  readonly folder: string
}

export interface CellDiskParts {
  readonly clock: Clock
  readonly random: Random
  readonly objects: ObjectStore
  readonly cache: ObjectCache
  /** The machine's. */
  readonly disk: Disk
  readonly onTrouble: (error: Error) => void
}

export async function openCellDisk(
  { cell, table, folder }: OwnedCell,
  { disk, ...parts }: CellDiskParts,
): Promise<OpenedCellDisk> {
  const cellObjects = new CellObjects({ owner: { cell, epoch: table.epoch }, ...parts })
  const root = `cell ${cell}`
  const clusterDisk = await openClusterDisk({
    table,
    reader: cellObjects,
    writer: cellObjects,
    local: { disk, path: path.join(folder, 'open') },
    root,
    now: () => parts.clock.monotonic(),
  })
  cellObjects.sweepFor({
    readNames: () => namesOf(table),
    isStillOwner: () => isStillOwner(table),
  })
  return {
    doors: {
      disk: clusterDisk,
      topologyFiles: systemTopologyFiles,
      remote: { root, localDisk: disk },
    },
    facts: () => ({
      cell,
      rowsBytes: clusterDisk.unsealedSize,
      rowsAgeMs: clusterDisk.unsealedAge,
    }),
    async [Symbol.asyncDispose]() {
      cellObjects.close()
      await clusterDisk.close()
    },
  }
}

async function namesOf(table: CellTable): Promise<ReadonlySet<string>> {
  return new Set([...(await table.finishedFiles()).values()].map(({ key }) => key))
}

/** Only a write proves it: the row of a primary that has been replaced says so for ever. */
async function isStillOwner(table: CellTable): Promise<boolean> {
  try {
    await table.proveOwner()
    return true
  } catch {
    return false
  }
}
