import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { BrokerCounters } from '../counters/broker-counters.ts'
import type { IdentifiedQueue, PresentIds } from '../deduplication/present-ids.ts'
import type { EffectivePolicy } from '../policy/policy.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { Shortage } from '../shortage.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { SourcePlace, Subscription } from './message-source.ts'
import type { LevelCursor } from './queue-backlog.ts'
import type { RetainedLogs } from './retained-logs.ts'

/** Identity of the connection that owns an exclusive queue. */
export type ConnectionToken = object

export interface QueueOptions<S extends Subscription = Subscription> {
  readonly vhost: string
  readonly name: string
  readonly type: QueueType
  /** As declared; an exclusive queue is never durable whatever was asked. */
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly owner: ConnectionToken | undefined
  readonly arguments: FieldTable
  /** What applies to it when it is made; left out, it is told by `applyPolicy`. */
  readonly policy?: EffectivePolicy | undefined
  /** Where the queue is in its log. */
  readonly cursor: LogCursor
  /** Its further logs, where messages of other priorities are. */
  readonly levels?: readonly LevelCursor[]
  /** The topic whose records are its messages, too. */
  readonly source?: SourcePlace<S> | undefined
  /** Left out, it keeps nothing that was acked, so far. */
  readonly retained?: RetainedLogs | undefined
  /** See `Queue.rewoundAt`. */
  readonly rewoundAt?: number | undefined
}

/** What a queue needs of its broker. */
export interface QueueContextOf<Queue> {
  readonly store: LogStore
  readonly turn: Turn
  readonly clock: Clock
  readonly shortage: Shortage
  readonly watch: MessageWatch
  readonly counters: Pick<BrokerCounters, 'onDeath'>
  /** Sends a dead message on to where the queue's settings say; false: no queue takes it, keep it. Within an atom. */
  deadLetter(queue: Queue, record: RecordView, reason: DeathReason): boolean
  /** Of the routes that dead letters of the queue may take. */
  routesVersion(queue: Queue): number
  /** A dead letter found no queue and is kept. Not told again and again. */
  onDeadLetterKept(queue: Queue): void
  /** A durable queue has one more log, of which its row tells. Within an atom. */
  onLevelAdded(queue: Queue): void
  /** The last consumer of an auto-delete queue is gone, or nobody has used the queue for too long. */
  onUnused(queue: Queue): void
  /** A message came back too often and, as the queue has no dead-letter exchange, was dropped. Told once. */
  onGivenUp(queue: Queue): void
  /** The ids of messages in a queue that deduplicates; `closePresentIds` when it is deleted. */
  openPresentIds(logId: number, queue: IdentifiedQueue): PresentIds
  closePresentIds(logId: number): void
  /** Records that cannot be read any more were skipped. */
  onDamaged(queue: Queue, offset: number, error: Error): void
}
