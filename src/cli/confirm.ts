// Before something is deleted or moved: says what, asks whether it is meant, or only tells what would be done.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Terminal } from './terminal.ts'

/** The flags of a command that destroys something. */
export interface RiskFlags {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

export function addRiskOptions(command: Command): Command {
  return command
    .option('--dry-run', 'Only say what would be done')
    .option('--yes', 'Do it without a question; needed where nobody can be asked')
}

/**
 * Whether to go on. `deed` says what will be touched and how much of it: `delete queue 'a' with 12 messages`;
 * `place` is where. Throws an `ExitError` where nobody can be asked, and when somebody says no.
 */
export async function isMeant(
  terminal: Terminal,
  { deed, place }: { readonly deed: string; readonly place: string },
  { yes = false, dryRun = false }: RiskFlags,
): Promise<boolean> {
  if (dryRun) {
    terminal.print(`Would ${deed}`)
    terminal.tell('Nothing was changed. Without --dry-run it is done.')
    return false
  }
  if (yes) return true
  const answer = await terminal.question(`Really ${deed} (${place})? [y/N] `)
  if (answer === undefined) {
    throw new ExitError(exitCodes.usage, `this would ${deed}: say --yes where nobody can be asked`)
  }
  if (/^y(?:es)?$/i.test(answer.trim())) return true
  throw new ExitError(exitCodes.notPermitted, 'nothing was changed')
}
