// A store on a cell whose rows are in a real PostgreSQL and whose objects are in memory, for the conformance suites
// of stores. On demand: PABAL_POSTGRES_EFFORT=2.
import { after } from 'node:test'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import type { CellTable } from '../../../src/log/cluster/cell-table.ts'
import { MemoryObjects } from '../../../src/testing/memory-objects.ts'
import { CellsUnderTest } from '../../cluster/cells-under-test.ts'
import { CellOwner } from '../cell-owner.ts'
import { openClusterStore, type Engine } from '../log-engines.ts'
import { postgresMissing } from './find-postgres.ts'
import { PostgresServer } from './postgres-server.ts'

interface Shared {
  readonly server: PostgresServer
  readonly cells: CellsUnderTest
}

let shared: Promise<Shared> | undefined

after(async () => {
  const open = await shared
  await open?.cells[Symbol.asyncDispose]()
  await open?.server[Symbol.asyncDispose]()
})

/** None unless they were asked for. */
export const postgresEngines: readonly (() => Promise<Engine>)[] =
  Number(process.env['PABAL_POSTGRES_EFFORT'] ?? 1) > 1 && !postgresMissing()
    ? [postgresEngine]
    : []

async function postgresEngine(): Promise<Engine> {
  shared ??= openShared()
  const { cells } = await shared
  const { table, claimAgain } = await cells.claimNew()
  const objects = new MemoryObjects({ clock: systemClock })
  const tables: CellTable[] = [table]
  return {
    name: 'postgres',
    isLasting: true,
    open: async () => {
      const own = tables.shift() ?? (await claimAgain())
      const clocks = { clock: systemClock, random: systemRandom }
      const owner = await CellOwner.open({ table: own, objects, ...clocks })
      return openClusterStore(owner.files)
    },
    dispose: () => Promise.resolve(),
  }
}

async function openShared(): Promise<Shared> {
  const server = await PostgresServer.start({ max_connections: '400' })
  return { server, cells: await CellsUnderTest.open(server.address, 1000) }
}
