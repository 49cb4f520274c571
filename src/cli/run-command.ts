// Commands in this process: all but the start of a broker, of which nothing is loaded for them.
import { keepProcessAlive } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import type { Arguments } from './arguments.ts'
import { fail } from './end-program.ts'

/** Does what the arguments say and ends the process. */
export async function runCommand({ run, ...given }: Arguments): Promise<never> {
  // The reader has seen enough (`pabal queue list | head`): nothing that comes would be seen.
  process.stdout.on('error', () => process.exit(exitCodes.ok))
  keepProcessAlive()
  if (run === undefined) process.exit(exitCodes.ok)
  try {
    const { openTerminal } = await import('./terminal.ts')
    const found = { terminal: openTerminal(process), environment: process.env }
    return process.exit(await run({ broker: {}, ...given, ...found }))
  } catch (error) {
    return fail(error, given.flags.get('data') ?? '')
  }
}
