// A node tells PostgreSQL that it is there. It may start in the middle of a failover, or while the standby is away, and
// waits then, as it does later.
import { keepProcessAlive, type Clock } from '../lib/clock.ts'
import { wait } from '../lib/wait.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { Incarnation } from '../log/cluster/ownership/observation.ts'
import type { NodeDescription } from '../log/cluster/postgres/ownership-statements.ts'
import { judgePostgresError } from '../log/cluster/postgres/postgres-error.ts'

export interface JoinParts {
  readonly clock: Clock
  /** Told of each try that has to be repeated. */
  readonly onTrouble: (trouble: Error) => void
}

/** Rejects only with what does not pass by itself, such as a missing right. */
export async function joinPatiently(
  tables: { join(node: NodeDescription): Promise<Incarnation> },
  node: NodeDescription,
  { clock, onTrouble }: JoinParts,
): Promise<Incarnation> {
  const alive = keepProcessAlive()
  try {
    for (;;) {
      try {
        return await tables.join(node)
      } catch (error) {
        // A join whose outcome is not known may be done again: it gives a higher number.
        if (judgePostgresError(error) === 'hopeless') throw error
        onTrouble(error as Error)
      }
      await wait(clock, ownershipLimits.heartbeatMs)
    }
  } finally {
    alive.stop()
  }
}
