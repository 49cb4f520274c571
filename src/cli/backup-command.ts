// `pabal backup`: all that a broker keeps as one file, while it runs or not; and `pabal restore`.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { logLimits } from '../limits/log.ts'
import { size } from '../settings/setting-kinds.ts'
import type { DefineRemote } from './remote-command.ts'

interface Flags {
  readonly rate?: string
  readonly check?: boolean
}

export function addBackupCommands(program: Command, define: DefineRemote): void {
  define(program, 'backup <FILE>', {
    summary:
      'Write all that is kept to a file, or to one in a folder, while the broker runs or not',
    ask: ([target = ''], flags) => {
      const rate = parseRate((flags as Flags).rate)
      return async (broker, print) => {
        const { takeBackup } = await import('./take-backup.ts')
        return takeBackup({ broker, target, rate, print })
      }
    },
  }).option('--rate <SIZE>', 'At most so many bytes a second, such as 50MiB')
  define(program, 'restore <FILE>', {
    summary: 'Make a data folder of a backup; see docs/backup.md',
    ask: ([file = ''], flags) => {
      const isCheck = (flags as Flags).check === true
      return async ({ folder }, print) => {
        const { restoreFile } = await import('./restore-file.ts')
        return restoreFile({ file, folder, isCheck, print })
      }
    },
  }).option('--check', 'Only look whether the backup is whole')
}

function parseRate(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const checked = size(logLimits.backupRateMin, Number.MAX_SAFE_INTEGER)(given)
  if ('value' in checked) return checked.value
  throw new ExitError(exitCodes.usage, `--rate cannot be '${given}': use a size of 64KiB or more`)
}
