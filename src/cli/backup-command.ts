// `pabal backup`: all that a broker keeps as one file, while it runs or not.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { logLimits } from '../limits/log.ts'
import { size } from '../settings/setting-kinds.ts'
import type { AddCommand } from './remote-command.ts'

export const addBackupCommand: AddCommand = (command, remote) => {
  remote(command, '<FILE>', {
    ask: ([target = ''], flags) => {
      const rate = parseRate((flags as { readonly rate?: string }).rate)
      return async (broker, { print }) => {
        const { takeBackup } = await import('./take-backup.ts')
        return takeBackup({ broker, target, rate, print })
      }
    },
  }).option('--rate <SIZE>', 'At most so many bytes a second, such as 50MiB')
}

function parseRate(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const checked = size(logLimits.backupRateMin, Number.MAX_SAFE_INTEGER)(given)
  if ('value' in checked) return checked.value
  throw new ExitError(exitCodes.usage, `--rate cannot be '${given}': use a size of 64KiB or more`)
}
