// --ready-file: tells whoever started the broker that it is ready, and where it listens.
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Address } from '../lib/listen.ts'

function explain(path: string, error: unknown): ExitError {
  const reason = error instanceof Error ? error.message : String(error)
  return new ExitError(exitCodes.cannotCreate, `cannot write the ready file ${path}: ${reason}`)
}

/** Removes what an earlier broker left, so that nobody takes it for this one's. */
export function removeReadyFile(path: string): void {
  try {
    // A device or a pipe of that name is somebody else's: it is neither removed nor replaced.
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      throw new Error('there is something of that name that is no file')
    }
    rmSync(path, { force: true })
  } catch (error) {
    throw explain(path, error)
  }
}

/** Writes process id and addresses at once: whoever sees the file sees all of it. */
export function writeReadyFile(path: string, addresses: Readonly<Record<string, Address>>): void {
  const unfinished = `${path}.${process.pid}`
  try {
    writeFileSync(unfinished, `${JSON.stringify({ pid: process.pid, ...addresses })}\n`)
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw explain(path, error)
  }
}
