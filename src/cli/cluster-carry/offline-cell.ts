// A cell of a cluster that this process has for the time of a command, as a disk.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import type { CarriedFolder } from '../../log/carry/carry-folder.ts'
import { CellEpochs } from '../../log/cluster/cell-epochs.ts'
import { openClusterDisk } from '../../log/cluster/cluster-disk.ts'
import { DirectObjects } from '../../log/cluster/direct-objects.ts'
import { OfflineOwner } from '../../log/cluster/offline-owner.ts'
import { createSystemDisk } from '../../log/file/system-disk.ts'
import type { ClusterStore } from './open-cluster-store.ts'

export interface OfflineCell extends AsyncDisposable {
  readonly folder: CarriedFolder
}

/** Throws `LogError` 'locked' when a node has the cell. `what` is the command. */
export async function openOfflineCell(
  { tables, objects }: ClusterStore,
  cell: number,
  what: string,
): Promise<OfflineCell> {
  await using parts = new AsyncDisposableStack()
  const clocks = { clock: systemClock, random: systemRandom }
  const epochs = new CellEpochs({ objects, ...clocks, onRestored: () => undefined })
  const owner = await OfflineOwner.claim({ tables, epochs, cell, what, clock: systemClock })
  parts.use(owner)
  const { table } = owner
  await epochs.settle(cell, table)
  const copies = await mkdtemp(path.join(tmpdir(), 'pabal-cell-'))
  parts.defer(() => rm(copies, { recursive: true, force: true }))
  const direct = new DirectObjects({ cell, epoch: table.epoch }, objects, systemRandom)
  const root = `cell ${cell}`
  const disk = await openClusterDisk({
    table,
    reader: direct,
    writer: direct,
    local: { disk: createSystemDisk(), path: copies },
    root,
  })
  parts.defer(() => disk.close())
  const held = parts.move()
  return {
    folder: { disk, path: root, name: root },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}
