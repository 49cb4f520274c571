// `pabal verify`: reads all of a data folder.
import { findDataFolder } from '../settings/load-config.ts'
import type { AddCommand } from './remote-command.ts'

export const addVerifyCommand: AddCommand = (command, _remote, local) => {
  local(command, '', {
    hasDataFolder: true,
    run: () => async (session) => {
      const { verify } = await import('./check-data-folder.ts')
      return verify(await findDataFolder(session), session.terminal)
    },
  })
}
