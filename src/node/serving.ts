// The two ways of a node: one cell in its data folder, or the cells of a cluster that it owns.
import type { Cell } from '../cell/cell.ts'
import type { NodeFrame } from './node-frame.ts'

/** What a node serves. */
export interface Serving {
  /** The lowest that is open. */
  readonly cell: Cell | undefined
  /** Resolves when all listeners are open. */
  open(): Promise<void>
  /** The broker has been ready for a while: loads what no first client needs. */
  prepare(): void
  endDemo(): Promise<void>
  /** Tails and exports by HTTP. */
  endStreams(reason: string): void
}

export interface ServingParts {
  readonly frame: NodeFrame
  /** What is opened ends with it, in the opposite order. */
  readonly stack: AsyncDisposableStack
  /** The same for what answers until all others have ended. */
  readonly lastStack: AsyncDisposableStack
  /** Nothing that this process does counts any more. */
  readonly fail: (error: Error) => void
}
