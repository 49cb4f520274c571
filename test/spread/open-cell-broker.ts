// The broker of a cell as its process has it after a start: restored from the cell's disk. Cell 0 is the home.
import assert from 'node:assert/strict'
import { Broker } from '../../src/broker/broker.ts'
import { BatchWorker } from '../../src/crossing/batch-worker.ts'
import { Crossing } from '../../src/crossing/crossing.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { Turn } from '../../src/lib/turn.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import { foldTopology } from '../../src/meta/fold-topology.ts'
import type { FaultDisk } from '../../src/testing/fault-disk.ts'

export interface CellBrokerOptions {
  readonly number: number
  readonly disk: FaultDisk
  readonly clock: Clock
  readonly random: Random
  /** Of records in memory. */
  readonly tailCacheSizeMax: number
  /** Cursors that are in the state of the log, by their ids. */
  readonly cursorIds: (state: ReadonlyMap<string, Buffer>) => ReadonlySet<number>
}

export async function openCellBroker(
  options: CellBrokerOptions,
): Promise<{ readonly broker: Broker; readonly state: ReadonlyMap<string, Buffer> }> {
  const { number, disk, clock, random, tailCacheSizeMax, cursorIds } = options
  const turn = new Turn(clock)
  const worker = new BatchWorker(clock)
  const converter = new Crossing({ worker, onUndecodable: () => assert.fail() })
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    durability: 'fsync',
    limits: { walFileSizeMax: 100_000, tailCacheSizeMax },
    clock,
    turn,
    random,
    converter,
  })
  const broker = new Broker({
    store,
    turn,
    random,
    clock,
    vhosts: [],
    cellNumber: number,
    ...(number > 0 && { hasNoDefaultVHost: true }),
    onDamaged: (_from, _offset, error) => assert.fail(error),
  })
  const { logs, topology, state } = recovered
  const report = broker.restore(foldTopology(topology), logs, cursorIds(state))
  assert.deepEqual([report.unowned, report.incomplete, report.rewound], [[], [], []])
  store.setTopologySource(() => broker.topologyEntries())
  broker.restoreState(state)
  return { broker, state }
}
