// Flags that all moves have in common, and what they say.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { moveLimits } from '../limits/move.ts'
import type { RateMax } from '../move/move-rate.ts'
import { readPasswordFile } from '../settings/settings-file.ts'
import { type OutputFormat, outputOption, readFormat } from './show-rows.ts'

/** As commander gives them. */
export interface GivenFlags {
  readonly from?: string
  readonly fromPasswordFile?: string
  readonly fromTlsCa?: string
  readonly rate?: string
  readonly byteRate?: string
  readonly keepRunning?: boolean
  readonly dryRun?: boolean
  readonly output?: string
}

export interface MoveFlags {
  readonly from: string
  readonly rate: RateMax
  readonly keepsRunning: boolean
  readonly isDryRun: boolean
  readonly format: OutputFormat
}

/** Has the password of the source, where it is in no file. */
const passwordVariable = 'MOVE_FROM_PASSWORD'

export function addMoveFlags(command: Command, { unit }: { readonly unit: string }): Command {
  return command
    .option('--from-password-file <FILE>', `Its password; without one ${passwordVariable} counts`)
    .option('--from-tls-ca <FILE>', 'Who signed its certificate, when that is nobody known')
    .option('--rate <N>', `At most so many ${unit} a second`)
    .option('--byte-rate <N>', 'At most so many bytes a second')
    .option('--keep-running', 'Go on with what comes later, until Ctrl-C')
    .option('--dry-run', 'Only say what would be moved')
    .option(...outputOption)
}

/** Adds to a list what is given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** Throws an `ExitError` for what cannot be. */
export function readMoveFlags(flags: GivenFlags, command: string): MoveFlags {
  const { from, rate, byteRate, keepRunning = false, dryRun = false, output } = flags
  if (from === undefined) throw new ExitError(exitCodes.usage, `${command} needs --from`)
  return {
    from,
    rate: { records: readRate('--rate', rate), bytes: readRate('--byte-rate', byteRate) },
    keepsRunning: keepRunning,
    isDryRun: dryRun,
    format: readFormat(output),
  }
}

/** Throws an `ExitError` for more than a report can have lines for. */
export function checkCount(kind: string, names: readonly string[]): void {
  const { namesMax } = moveLimits
  if (names.length <= namesMax) return
  const text = `${names.length} ${kind} are more than ${namesMax} at once`
  throw new ExitError(exitCodes.usage, `${text}: name some of them`)
}

/** The password of the source; undefined where none is given. */
export async function readSourcePassword(flags: GivenFlags): Promise<string | undefined> {
  const { fromPasswordFile } = flags
  if (fromPasswordFile === undefined) return process.env[passwordVariable]
  return readPasswordFile(fromPasswordFile)
}

/** Certificates of who signed that of the source. */
export async function readSourceCa({ fromTlsCa }: GivenFlags): Promise<Buffer | undefined> {
  if (fromTlsCa === undefined) return undefined
  try {
    return await readFile(fromTlsCa)
  } catch (error) {
    const reason = (error as Error).message
    throw new ExitError(exitCodes.noInput, `cannot read --from-tls-ca ${fromTlsCa}: ${reason}`)
  }
}

function readRate(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : 0
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new ExitError(exitCodes.usage, `${flag} cannot be '${text}': use a whole number from 1 on`)
}
