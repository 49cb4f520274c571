// `pabal cluster import` and `pabal cluster export`: a data folder becomes a cell of a cluster, and back.
import type { Command } from 'commander'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { postgresLimits } from '../../limits/postgres.ts'
import { findDataFolder } from '../../settings/load-config.ts'
import type { Action, CommandFlags, DefineLocal, Session } from '../remote-command.ts'
import type { CarryAsked } from './carry-cells.ts'

interface Flags extends CommandFlags {
  readonly cluster?: string
  readonly objects?: string
  readonly cell?: string
}

/** Added to `pabal cluster`. */
export function addCarryCommands(command: Command, local: DefineLocal): void {
  const withPlace = (added: Command): Command =>
    added
      .option('--cluster <URL>', "The cluster's PostgreSQL (default: what PABAL_CLUSTER says)")
      .option('--objects <URL>', "The cluster's objects (default: what PABAL_OBJECTS says)")
  withPlace(
    local(command, 'import', {
      summary: 'Take the data folder of a broker that is stopped into a cluster that has no data',
      hasDataFolder: true,
      run: (_operands, flags) =>
        carry(flags as Flags, async (asked) => {
          const { importFolder } = await import('./carry-cells.ts')
          return importFolder(asked)
        }),
    }),
  )
    .option('--cell <N>', 'Which cell it becomes, where others may have data (default: 0)')
    .addHelpText(
      'after',
      `
No broker may run on the folder and no node may have the cell. What is taken is checked before, and
read back and checked afterwards; the folder stays as it is. One that was stopped is run again.`,
    )
  withPlace(
    local(command, 'export', {
      summary: 'Make data folders of the cells of a cluster whose nodes are stopped',
      hasDataFolder: 'Where the folders go (default: ./data)',
      run: (_operands, flags) =>
        carry(flags as Flags, async (asked) => {
          const { exportCells } = await import('./carry-cells.ts')
          return exportCells(asked)
        }),
    }),
  )
    .option('--cell <N>', 'Only this cell (default: all, in folders cell-0, cell-1, …)')
    .addHelpText(
      'after',
      `
"pabal start --data" opens what comes of it. A cluster with one cell becomes the folder itself. What
is written is read back and checked; the cluster stays as it is. One that was stopped is run again.`,
    )
}

function carry(flags: Flags, work: (asked: CarryAsked) => Promise<void>): Action {
  const cell = flags.cell === undefined ? undefined : readCell(flags.cell)
  return async (session) => {
    const place = {
      cluster: addressOf(session, flags.cluster, 'cluster', 'postgres://…'),
      objects: addressOf(session, flags.objects, 'objects', 's3://…'),
    }
    await work({ session, place, cell, folder: await findDataFolder(session) })
    return exitCodes.ok
  }
}

function addressOf(
  { environment }: Session,
  given: string | undefined,
  name: string,
  example: string,
): string {
  const address = given ?? environment[`PABAL_${name.toUpperCase()}`]
  if (address !== undefined) return address
  throw new ExitError(exitCodes.usage, `which cluster: give --${name} ${example}`)
}

function readCell(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : postgresLimits.cellsMax
  if (number < postgresLimits.cellsMax) return number
  throw new ExitError(exitCodes.usage, `--cell cannot be '${text}': use the number of a cell`)
}
