import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'

/**
 * The name of something that a command asks a broker for, as it is. Throws an `ExitError` for one that
 * cannot be part of the path of a request; `kind` says what has it.
 */
export function checkName(kind: string, name: string): string {
  if (name === '') {
    throw new ExitError(
      exitCodes.usage,
      `the name of the ${kind} is empty: give it one, such as 'limit'`,
    )
  }
  // Also `%2e` is a dot to whatever reads URLs (WHATWG URL, "double-dot URL path segment").
  if (name === '.' || name === '..') {
    throw new ExitError(
      exitCodes.usage,
      `the ${kind} cannot be called '${name}': a path of HTTP cannot hold it; choose another name`,
    )
  }
  const { askedNameSizeMax } = programLimits
  if (Buffer.byteLength(name) > askedNameSizeMax) {
    throw new ExitError(
      exitCodes.usage,
      `the name of the ${kind} has more than ${askedNameSizeMax} bytes: choose a shorter one`,
    )
  }
  return name
}
