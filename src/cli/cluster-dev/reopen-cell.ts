// A cell whose owners crash again and again goes down, so that a message that crashes brokers does not end them all.
// Whoever tries a cluster kills owners as often as they like.
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { ClusterTables } from '../../log/cluster/postgres/cluster-tables.ts'

/** Opens those cells again that are down and meant; resolves with their numbers. */
export async function reopenCells(
  address: string,
  isMeant: (cell: number) => boolean = () => true,
): Promise<number[]> {
  const tables = await ClusterTables.open({
    address,
    clock: systemClock,
    random: systemRandom,
    // As the nodes have it, where this is the first to make the tables.
    cellCount: 1,
  })
  try {
    const down = (await tables.readCells()).filter(({ cell, isDown }) => isDown && isMeant(cell))
    for (const { cell } of down) await tables.reopenCell(cell)
    return down.map(({ cell }) => cell)
  } finally {
    tables.close()
  }
}
