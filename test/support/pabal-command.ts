// Runs a command of the program in this process, as somebody would on the command line.
import { readCommandLine } from '../../src/cli/command-line.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { ExitError } from '../../src/lib/exit-error.ts'
import { openTerminalDouble } from './terminal-double.ts'

export interface Outcome {
  readonly code: number
  /** Lines of the result. */
  readonly out: readonly string[]
  /** Remarks, and at last why it failed. */
  readonly talk: readonly string[]
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>
  /** What is answered to questions; left out, nobody can be asked. */
  readonly answers?: readonly string[]
}

export async function pabal(
  words: readonly string[],
  { environment = {}, answers }: Surroundings = {},
): Promise<Outcome> {
  const double = openTerminalDouble(answers)
  const { printed: out, told: talk } = double
  const terminal: Terminal = double
  // No contexts of whoever runs the tests.
  const found = { XDG_CONFIG_HOME: '/nonexistent', ...environment }
  try {
    const given = await readCommandLine(words)
    const code = (await given.run?.({ broker: {}, ...given, terminal, environment: found })) ?? 0
    return { code, out, talk }
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    return { code: error.exitCode, out, talk: [...talk, error.message] }
  }
}
