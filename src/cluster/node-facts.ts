// What a node knows of what its cells are kept in: PostgreSQL and the store of objects.

export interface NodeFacts {
  /** PostgreSQL does not answer it: nothing of its cells is confirmed until it does. */
  readonly isFrozen: boolean
  /** Whether a second machine has each commit: undefined while nobody has asked. */
  readonly hasStandby: boolean | undefined
  /** How long its last heartbeat took, which is a write like any other. */
  readonly heartbeatMs: number | undefined
  /** Of each of its cells. */
  readonly cells: readonly CellFacts[]
  readonly objects: ObjectFacts
  /** Cells that it has taken from owners that had crashed, since its start. */
  readonly takeovers: number
  /** How long commits of its cells have taken. */
  readonly commits?: CommitFacts | undefined
}

export interface CommitFacts {
  /** Seconds, ascending. */
  readonly bounds: readonly number[]
  /** By bound, each for itself; the last one is for what is above all of them. */
  readonly counts: readonly number[]
  readonly lastMs: number | undefined
}

export interface CellFacts {
  readonly cell: number
  /** What is in rows and no object yet. */
  readonly rowsBytes: number
  /** How long the first of that has waited. */
  readonly rowsAgeMs: number
}

/** Since the start of the node. */
export interface ObjectFacts {
  readonly requests: number
  readonly failures: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** How long the last request took that succeeded. */
  readonly lastMs: number | undefined
  /** Whether the last one failed. */
  readonly isFailing: boolean
}
