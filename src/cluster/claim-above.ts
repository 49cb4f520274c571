// Claims of a member that look at a cell's objects first: its epoch is above all that they know of.
import type { Logger } from '../lib/logger.ts'
import type { CellEpochs, CellEpochsOptions } from '../log/cluster/cell-epochs.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import type { ClusterMemberOptions } from './cluster-member.ts'

/** What a member needs of the tables, with claims that look at the objects first. */
export function claimingAbove(
  tables: ClusterTables,
  epochs: CellEpochs,
): ClusterMemberOptions['tables'] {
  return {
    beat: (self) => tables.beat(self),
    claimCell: (vacancy, self) => epochs.claim(tables, vacancy, self),
    drain: (self, isDraining) => tables.drain(self, isDraining),
    releaseCell: (cell, epoch) => tables.releaseCell(cell, epoch),
    failCell: (cell, epoch) => tables.failCell(cell, epoch),
  }
}

/** Tells that PostgreSQL was restored. */
export function restoreTeller(logger: Logger): CellEpochsOptions['onRestored'] {
  return (cell, known, highest) => {
    logger.warn(
      `cell ${cell} has objects of epoch ${highest}, and PostgreSQL knows of ${known}: it was restored to an earlier moment. Epochs go on above both. If it was not, another cluster has the same place for its objects: stop one of them`,
    )
  }
}
