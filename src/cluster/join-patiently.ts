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

type Joining = { join(node: NodeDescription): Promise<Incarnation> }

/** Rejects only with what does not pass by itself, such as a missing right. */
export async function joinPatiently(
  tables: Joining,
  node: NodeDescription,
  parts: JoinParts,
): Promise<Incarnation> {
  const alive = keepProcessAlive()
  try {
    for (;;) {
      const joined = await tryJoin(tables, node, parts)
      if (joined !== undefined) return joined
      await wait(parts.clock, ownershipLimits.heartbeatMs)
    }
  } finally {
    alive.stop()
  }
}

/** Undefined when its outcome is not known. It may be done again: that gives a higher number. */
async function tryJoin(
  tables: Joining,
  node: NodeDescription,
  { onTrouble }: JoinParts,
): Promise<Incarnation | undefined> {
  try {
    return await tables.join(node)
  } catch (error) {
    if (judgePostgresError(error) === 'hopeless') throw error
    onTrouble(error as Error)
    return undefined
  }
}
