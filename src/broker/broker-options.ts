import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Turn } from '../lib/turn.ts'
import type { LogStore } from '../log/log-store.ts'
import type { DelayedMessages } from './delay/delayed-messages.ts'
import type { Destination } from './destination.ts'
import type { InertNotice } from './inert-settings.ts'
import type { Queue } from './queue/queue.ts'
import type { PublishRate } from './rate/publish-limit.ts'
import type { SharedAccess } from './shared-access.ts'
import type { Shortage } from './shortage.ts'

/** What a broker is made of, and whom it tells what. */
export interface BrokerOptions {
  readonly store: LogStore
  readonly turn: Turn
  readonly random: Random
  readonly clock: Clock
  /** What it is short of, where others know of that before it is there. */
  readonly shortage?: Shortage
  /** Virtual hosts that exist besides `/`. */
  readonly vhosts: readonly string[]
  /** What Kafka's settings call the broker; 1 by default. */
  readonly nodeId?: number
  /** What each connection may publish; no limit by default. */
  readonly connectionRate?: PublishRate
  /** Users and their rights, where they are kept elsewhere; they are in its topology by default. */
  readonly sharedAccess?: SharedAccess
  /** Another broker has the virtual host `/`. */
  readonly hasNoDefaultVHost?: boolean
  /** Its number, where it is a cell of a cluster. */
  readonly cellNumber?: number
  /** Records of a queue, or delayed messages, could not be read and were skipped. */
  readonly onDamaged: (from: Destination | DelayedMessages, offset: number, error: Error) => void
  /** A queue without a dead-letter exchange has dropped a message that came back too often. */
  readonly onGivenUp?: (queue: Queue) => void
  /** A dead letter of a queue that keeps such found no queue. Not told again and again. */
  readonly onDeadLetterKept?: (queue: Queue) => void
  /** A queue or topic was declared with settings that this version does not act on. */
  readonly onInert?: (notice: InertNotice) => void
}
