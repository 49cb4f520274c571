// A cluster's tables on a real server, for tests: cells are claimed without heartbeats, and everybody who reads
// looks straight into the database.
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { CellTable } from '../../src/log/cluster/cell-table.ts'
import { ClusterTables } from '../../src/log/cluster/postgres/cluster-tables.ts'

export class CellsUnderTest implements AsyncDisposable {
  readonly tables: ClusterTables
  /** What had to be tried again. */
  readonly troubles: string[]
  readonly #claimed: CellTable[] = []
  #cell = -1

  private constructor(tables: ClusterTables, troubles: string[]) {
    this.tables = tables
    this.troubles = troubles
  }

  static async open(address: string, cellCount = 64): Promise<CellsUnderTest> {
    const troubles: string[] = []
    const tables = await ClusterTables.open({
      address,
      cellCount,
      clock: systemClock,
      random: systemRandom,
      onTrouble: (_, trouble) => trouble && troubles.push(trouble.message),
    })
    return new CellsUnderTest(tables, troubles)
  }

  /** Whoever has it is fenced. Tries for as long as PostgreSQL is away. */
  async claim(cell: number): Promise<CellTable> {
    const self = { node: 1, incarnation: 1 }
    for (;;) {
      try {
        const rows = await this.tables.readCells()
        const epoch = rows.find((row) => row.cell === cell)?.epoch ?? 0
        const vacancy = { cell, epoch, reason: 'free', witness: undefined } as const
        const table = await this.tables.claimCell(vacancy, self)
        if (!table) continue
        this.#claimed.push(table)
        return table
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  async claimNew(): Promise<{
    table: CellTable
    claimAgain: () => Promise<CellTable>
    cell: number
  }> {
    this.#cell += 1
    const cell = this.#cell
    return { table: await this.claim(cell), claimAgain: () => this.claim(cell), cell }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const table of this.#claimed) await table.close()
    this.tables.close()
  }
}
