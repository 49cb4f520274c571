// What a node sees of the others and of the cells, each time after a heartbeat of its own.

/** One start of a node's process: a name that starts again has a higher incarnation. */
export interface Incarnation {
  readonly node: number
  readonly incarnation: number
}

export interface NodeRow extends Incarnation {
  readonly name: string
  /** Rises with each heartbeat. */
  readonly heartbeat: number
  /** It gives its cells away and takes none. */
  readonly isDraining: boolean
  /** Where other nodes reach it. */
  readonly address: string
  /** What else it says of itself, as JSON. */
  readonly info: string
}

export interface CellRow {
  readonly cell: number
  readonly epoch: number
  readonly owner: Incarnation | undefined
  /** Its owners crashed too often: nobody takes it until somebody opens it again. */
  readonly isDown: boolean
}

export interface Observation {
  readonly nodes: readonly NodeRow[]
  readonly cells: readonly CellRow[]
}
