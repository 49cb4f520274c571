// `pabal restore`: makes a data folder of a backup.
import { findDataFolder } from '../settings/load-config.ts'
import type { AddCommand } from './remote-command.ts'

export const addRestoreCommand: AddCommand = (command, _remote, local) => {
  local(command, '<FILE>', {
    hasDataFolder: 'Folder that the data go to (default: ./data)',
    run:
      ([file = ''], { check }) =>
      async (session) => {
        const { restoreFile } = await import('./restore-file.ts')
        const folder = await findDataFolder(session)
        return restoreFile({ file, folder, isCheck: check === true, print: session.terminal.print })
      },
  }).option('--check', 'Only look whether the backup is whole')
}
