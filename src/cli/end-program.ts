import { printable } from '../lib/printable.ts'
import { describeFailure } from './describe-failure.ts'

/** Ends the process after a failure, which it names in a line on stderr. */
export function fail(error: unknown, dataFolder: string): never {
  const { exitCode, message } = describeFailure(error, dataFolder)
  // Of several lines only where a fault of the program has its stack trace.
  const lines = message.split('\n').map(printable)
  process.stderr.write(`pabal: ${lines.join('\n')}\n`)
  process.exit(exitCode)
}
