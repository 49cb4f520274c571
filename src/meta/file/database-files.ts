// The files of an SQLite database in a data folder, as far as SQLite leaves them to us. It creates them
// for everyone to read; ours are like all others of the folder, and what it puts beside a database (its
// write-ahead log) takes the mode of that.
import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs'

const mode = 0o640

/**
 * Creates an empty database unless there is one. Throws the system's error when there cannot be one
 * that can be written. A database that is there is never opened: closing it would drop the locks that
 * this process has on it.
 */
export function createDatabaseFile(path: string): void {
  if (existsSync(path)) accessSync(path, constants.W_OK)
  else closeSync(openSync(path, 'ax', mode))
}
