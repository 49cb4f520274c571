// Why the broker did not start, as an exit code and one line that says what to do.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { ExitCode } from '../lib/exit-error.ts'
import { LogError } from '../log/log-error.ts'
import type { LogErrorCode } from '../log/log-error.ts'
import {
  DataFolderLockedError,
  DataFolderUnwritableError,
  TopologyFormatError,
} from '../meta/topology-error.ts'

/** How the program ends after a failure. */
export interface Failure {
  readonly exitCode: ExitCode
  readonly message: string
}

const cannotWrite = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOSPC']

const logExitCodes: Readonly<Record<LogErrorCode, ExitCode>> = {
  corrupt: exitCodes.dataDamaged,
  format: exitCodes.dataDamaged,
  disk_full: exitCodes.ioError,
  io: exitCodes.ioError,
  locked: exitCodes.tryLater,
  fenced: exitCodes.tryLater,
}

/** Errors whose message already is for the person at the terminal. */
function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof ExitError) return error.exitCode
  if (error instanceof LogError) return logExitCodes[error.code]
  if (error instanceof DataFolderLockedError) return exitCodes.tryLater
  if (error instanceof DataFolderUnwritableError) return exitCodes.cannotCreate
  if (error instanceof TopologyFormatError) return logExitCodes.format
  return undefined
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'code' in error && 'syscall' in error
}

/** Names the failure. Faults of the program itself keep their stack trace. */
export function describeFailure(error: unknown, dataFolder: string): Failure {
  if (!(error instanceof Error)) return { exitCode: exitCodes.software, message: String(error) }
  const exitCode = exitCodeOf(error)
  if (exitCode !== undefined) return { exitCode, message: error.message.replaceAll('\n', ' ') }
  if (isSystemError(error) && cannotWrite.includes(error.code ?? '')) {
    const message = `cannot write to the data folder ${dataFolder}: ${error.message}; make it writable or choose another with --data`
    return { exitCode: exitCodes.cannotCreate, message }
  }
  if (isSystemError(error)) return { exitCode: exitCodes.osError, message: error.message }
  return { exitCode: exitCodes.software, message: error.stack ?? error.message }
}
