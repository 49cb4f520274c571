// What reading a log at an offset comes to.
import type { Run } from './run.ts'

/** Why a record that may exist cannot be had yet; `LogStore.load` brings what is missing. */
export type Absence =
  /** The runs from `offset` on are not in memory. `needsNoBody`: its reader wants no body from a file of its own. */
  | { readonly at: 'window'; readonly offset: number; readonly needsNoBody?: boolean }
  /** The body of the record at `offset` is in a file of its own. */
  | { readonly at: 'body'; readonly offset: number; readonly asideId: number }
  /** The batch with the record at `offset` has not been made messages of. */
  | { readonly at: 'conversion'; readonly offset: number; readonly run: Run }

/** A record, nothing up to the end of the log, or what has to be loaded first. */
export type Reading = 'record' | 'end' | Absence
