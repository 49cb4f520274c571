// Commands in this process: all but the start of a broker, of which nothing is loaded for them.
import { keepProcessAlive } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Arguments } from './arguments.ts'
import { fail } from './end-program.ts'

/** Does what the arguments say and ends the process. */
export async function runCommand({ run, ...given }: Arguments): Promise<never> {
  process.stdout.on('error', endUnwritten)
  keepProcessAlive()
  if (run === undefined) process.exit(exitCodes.ok)
  try {
    const { openTerminal } = await import('./terminal.ts')
    const found = { terminal: openTerminal(process), environment: process.env }
    const exitCode = await run({ broker: {}, ...given, ...found })
    // A line that cannot be written is told later than it is printed.
    await new Promise<unknown>((resolve) => process.stdout.write('', resolve))
    return process.exit(exitCode)
  } catch (error) {
    return fail(error, given.flags.get('data') ?? '')
  }
}

function endUnwritten(error: NodeJS.ErrnoException): never {
  // The reader has seen enough (`pabal queue list | head`): nothing that comes would be seen.
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  fail(new ExitError(exitCodes.ioError, `cannot write the result: ${error.message}`), '')
}
