// What a node lends its cells where transactions are spread over them: one has the coordinator, the others have branches.
import type { Broker } from '../broker/broker.ts'
import type { Topics } from '../broker/topic/topics.ts'
import type { TransactionBranch } from '../broker/transaction/transaction-branch.ts'
import type { EndInCells, LookElsewhere } from '../broker/transaction/transaction-coordinator.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'

export interface SpreadTransactions {
  /** In the cell of the coordinator: how transactions end in all cells, and how far they are there. */
  readonly openHome: (cell: CoordinatorCell) => {
    readonly endInCells: EndInCells
    readonly lookElsewhere: LookElsewhere
  }
  /** In any other cell: how its partitions become parts of transactions, and end as such. */
  readonly openBranch: (cell: BranchCell) => TransactionBranch
}

export interface CoordinatorCell {
  readonly clock: Clock
  /** All of the cluster. */
  readonly topics: Topics
  /** Ends what is in this cell. */
  readonly endHere: EndInCells
  /** The coordinator ends nothing more. */
  readonly isClosed: () => boolean
  readonly logger: Logger
}

export interface BranchCell {
  readonly broker: Broker
  /** Those of which this cell has parts. */
  readonly topics: Topics
}
