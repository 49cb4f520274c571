// What servers of protocols whose clients publish and consume are put together from.
import type { Users } from '../auth/users.ts'
import type { Broker } from '../broker/broker.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import type { Turn } from '../lib/turn.ts'
import type { InputBudget } from './input-budget.ts'

export interface MessageServerParts {
  readonly broker: Broker
  readonly users: Users
  /** Where connections of all protocols are listed. */
  readonly clients: ClientRegistry
  readonly turn: Turn
  /** Nothing leaves while it is shut; undefined where it never is. */
  readonly gate?: ServingGate | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** What clients make the broker hold. */
  readonly memory: MemoryAccount
  /** Of all protocols together. */
  readonly inputBudget: InputBudget
}
