// `pabal repair`: makes a damaged data folder usable again.
import { findDataFolder } from '../settings/load-config.ts'
import type { AddCommand } from './remote-command.ts'

export const addRepairCommand: AddCommand = (command, _remote, local) => {
  local(command, '', {
    hasDataFolder: true,
    run: (_operands, { dryRun }) => {
      const isDryRun = dryRun === true
      return async (session) => {
        const { repair } = await import('./check-data-folder.ts')
        return repair(await findDataFolder(session), isDryRun, session.terminal)
      }
    },
  }).option('--dry-run', 'Only report what would be changed')
}
