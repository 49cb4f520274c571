// One broker per data folder. `lock.db` is an empty database: only its lock matters, and the system
// drops that with the process, however it ends. Nothing else may open the file.
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { metaLimits } from '../limits/meta.ts'
import { createDatabaseFile } from './file/database-files.ts'
import { sqliteCode, sqliteCodes } from './sqlite-code.ts'
import { DataFolderLockedError, DataFolderUnwritableError } from './topology-error.ts'

/**
 * Takes the data folder for this process until the result is disposed of or the process ends. Throws
 * {@link DataFolderLockedError} when another broker has it, {@link DataFolderUnwritableError} when
 * it cannot be written, unless that is not wanted: nobody changes such a folder.
 */
export function lockDataFolder(folder: string, isWritten = true): Disposable {
  let lock: DatabaseSync | undefined
  try {
    const file = path.join(folder, 'lock.db')
    if (isWritten) createDatabaseFile(file)
    else if (!mayWrite(file)) return { [Symbol.dispose]: () => undefined }
    lock = new DatabaseSync(file, { timeout: metaLimits.dataLockWaitMs })
    lock.exec('begin exclusive')
    return { [Symbol.dispose]: () => lock?.close() }
  } catch (error) {
    lock?.close()
    throw explainLock(folder, error)
  }
}

function mayWrite(file: string): boolean {
  try {
    createDatabaseFile(file)
    return true
  } catch {
    return false
  }
}

function explainLock(folder: string, error: unknown): Error {
  if (sqliteCode(error) === sqliteCodes.busy) {
    return new DataFolderLockedError(
      `Cannot use data folder '${folder}' as another broker is using it: ` +
        'stop that broker or choose another folder with --data',
      { cause: error },
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new DataFolderUnwritableError(
    `Cannot use data folder '${folder}' as it cannot be written (${reason}): ` +
      'make it writable or choose another folder with --data',
    { cause: error },
  )
}
