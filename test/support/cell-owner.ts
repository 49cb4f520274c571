// An owner of a cell of a cluster, on doubles: a table in memory, or a real one, and objects in memory behind the
// same layers as in a node (patience, cache, keys). Each owner is on a machine of its own, whose disk is empty.
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { CellObjects } from '../../src/log/cluster/cell-objects.ts'
import type { CellTable } from '../../src/log/cluster/cell-table.ts'
import { type ClusterDisk, openClusterDisk } from '../../src/log/cluster/cluster-disk.ts'
import type { ClusterFiles, ObjectReader } from '../../src/log/cluster/cluster-files.ts'
import { ObjectCache } from '../../src/log/cluster/objects/object-cache.ts'
import type { ObjectStore } from '../../src/log/cluster/objects/object-store.ts'
import { patientObjects } from '../../src/log/cluster/objects/patient-objects.ts'
import { RequestPatience } from '../../src/log/cluster/objects/request-patience.ts'
import { FaultDisk } from '../../src/testing/fault-disk.ts'

/** What the paths of a cell begin with. */
export const cellRoot = 'cell 1'

export interface CellOwnerOptions {
  readonly table: CellTable
  /** Without patience. */
  readonly objects: ObjectStore
  /** Of requests and what they wait for. */
  readonly clock: Clock
  readonly random: Random
  /** Whether its machine has a cache; otherwise every read is one of an object. */
  readonly isCaching?: boolean
}

export class CellOwner {
  readonly table: CellTable
  readonly files: ClusterFiles
  readonly #objects: CellObjects
  readonly #closing: AbortController

  private constructor(files: ClusterFiles, objects: CellObjects, closing: AbortController) {
    this.table = files.table
    this.files = files
    this.#objects = objects
    this.#closing = closing
  }

  static async open(options: CellOwnerOptions): Promise<CellOwner> {
    const { table, clock, random, isCaching = true } = options
    const closing = new AbortController()
    const { signal } = closing
    const patience = new RequestPatience({ clock, random })
    const objects = patientObjects(options.objects, patience)
    const local = { disk: new FaultDisk(systemClock), path: '/cache' }
    const { disk } = local
    const folder = '/objects'
    const requestLimits = { signal }
    const cache = await ObjectCache.open({ objects, patience, disk, folder, requestLimits })
    const owner = { cell: 1, epoch: table.epoch }
    const onTrouble = (): void => undefined
    const writer = new CellObjects({ owner, objects, cache, clock, random, onTrouble })
    const reader = isCaching ? writer : uncachedReader(objects, signal)
    return new CellOwner({ table, reader, writer, local }, writer, closing)
  }

  openDisk(): Promise<ClusterDisk> {
    return openClusterDisk({ ...this.files, root: cellRoot })
  }

  /** Nothing is answered any more; what is on its way happens or not. */
  die(): void {
    void this.table.close()
    this.#objects.close()
    this.#closing.abort()
  }
}

function uncachedReader(objects: ObjectStore, signal: AbortSignal): ObjectReader {
  return {
    async read({ key }, buffer, position) {
      const bytes = await objects.getRange(key, position, buffer.length, { signal })
      bytes.copy(buffer)
    },
    forget: () => undefined,
  }
}
