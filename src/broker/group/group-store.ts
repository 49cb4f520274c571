/** A change of one row. Rows are keyed: a later one with the same key replaces the earlier one. */
export interface GroupRow {
  readonly key: Buffer
  /** Undefined deletes the row. */
  readonly value: Buffer | undefined
}

/** `full`: there is no room for it, and nothing of the write was kept. */
export type GroupVerdict = 'durable' | 'full'

/** Where groups and their offsets survive a crash; see group-rows.ts for what the bytes say. */
export interface GroupStore {
  /**
   * Writes all rows or none. `done` is called once, never before `write` returns, in the order of
   * the writes: a commit must not be applied after a delete that was written later. `within` is done in the same
   * atom, unless there is no room.
   */
  write(rows: readonly GroupRow[], done: (verdict: GroupVerdict) => void, within?: () => void): void
  /** As part of an atom that somebody else has begun. For rows that need no more room than those that they replace. */
  put(rows: readonly GroupRow[]): void
}
