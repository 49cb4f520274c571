// Why the broker did not start, as an exit code and one line that says what to do.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { ExitCode } from '../lib/exit-error.ts'

/** How the program ends after a failure. */
export interface Failure {
  readonly exitCode: ExitCode
  readonly message: string
}

const cannotWrite = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOSPC']

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'code' in error && 'syscall' in error
}

/** Names the failure. Faults of the program itself keep their stack trace. */
export function describeFailure(error: unknown, dataFolder: string): Failure {
  if (error instanceof ExitError) return { exitCode: error.exitCode, message: error.message }
  if (!(error instanceof Error)) return { exitCode: exitCodes.software, message: String(error) }
  if (isSystemError(error) && cannotWrite.includes(error.code ?? '')) {
    const message = `cannot write to the data folder ${dataFolder}: ${error.message}; make it writable or choose another with --data`
    return { exitCode: exitCodes.cannotCreate, message }
  }
  if (isSystemError(error)) return { exitCode: exitCodes.osError, message: error.message }
  return { exitCode: exitCodes.software, message: error.stack ?? error.message }
}
