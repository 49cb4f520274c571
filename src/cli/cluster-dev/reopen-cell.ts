// A cell whose owners crash again and again goes down, so that a message that crashes brokers does not end them all.
// Whoever tries a cluster kills owners as often as they like.
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { ClusterTables } from '../../log/cluster/postgres/cluster-tables.ts'

/** Opens those cells again that are down and meant; resolves with their numbers. */
export function reopenCells(
  address: string,
  isMeant: (cell: number) => boolean = () => true,
): Promise<number[]> {
  return withTables(address, async (tables) => {
    const down = (await tables.readCells()).filter(({ cell, isDown }) => isDown && isMeant(cell))
    for (const { cell } of down) await tables.reopenCell(cell)
    return down.map(({ cell }) => cell)
  })
}

/** How many a cluster has; it is made when there is none. */
export function countCells(address: string): Promise<number> {
  return withTables(address, ({ settings }) => Promise.resolve(settings.cellCount))
}

async function withTables<Result>(
  address: string,
  work: (tables: ClusterTables) => Promise<Result>,
): Promise<Result> {
  const tables = await ClusterTables.open({ address, clock: systemClock, random: systemRandom })
  try {
    return await work(tables)
  } finally {
    tables.close()
  }
}
