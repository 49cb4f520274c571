// The files of an SQLite database in a data folder, as far as SQLite leaves them to us. It creates them
// for everyone to read; ours are like all others of the folder, and what it puts beside a database (its
// write-ahead log) takes the mode of that.
import { accessSync, closeSync, constants, existsSync, openSync, rmSync } from 'node:fs'

const mode = 0o640

/** What SQLite puts beside a database. */
const companions: readonly string[] = ['-wal', '-shm', '-journal']

/**
 * Creates an empty database unless there is one. Throws the system's error when there cannot be one
 * that can be written. A database that is there is never opened: closing it would drop the locks that
 * this process has on it.
 */
export function createDatabaseFile(path: string): void {
  if (existsSync(path)) accessSync(path, constants.W_OK)
  else closeSync(openSync(path, 'ax', mode))
}

/** Removes a database that nobody has open. */
export function removeDatabaseFiles(path: string): void {
  rmSync(path, { force: true })
  // A write-ahead log of the old database would be taken for one of the next.
  for (const suffix of companions) rmSync(path + suffix, { force: true })
}
