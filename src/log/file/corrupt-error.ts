// What people read when a start is refused: file, byte, and what can be done.
import { LogError } from '../log-error.ts'

/** Damage that a start must not pass over. */
export function corruptError(path: string, position: number, reason: string): LogError {
  return new LogError(
    'corrupt',
    `${path} is damaged at byte ${position} (${reason}) in a part that was confirmed: run "pabal verify" for a full report; put the file back from a backup, or run "pabal repair" to set the damaged part aside and keep everything else`,
  )
}

/** A file that the manifest lists is not there. */
export function missingFileError(path: string): LogError {
  return new LogError(
    'corrupt',
    `${path} is missing although the manifest lists it (everything from byte 0 on): put it back from a backup, or run "pabal repair" to go on without what it held`,
  )
}

/** The topology file that a checkpoint relies on is not listed. */
export function missingTopologyError(folder: string, through: number): LogError {
  return new LogError(
    'corrupt',
    `${folder} has lost its topology file (declarations up to entry ${through}): put MANIFEST and wal/ back from one backup, or run "pabal repair" to go on without those declarations, with their messages`,
  )
}
