import type { exitCodes } from './exit-codes.ts'

/** One of the sysexits codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * Ends the program. The message is one line for the person at the terminal and says what to do; it
 * is printed without a stack trace, and the process exits with `exitCode`.
 */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
