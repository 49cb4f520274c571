// The transactions of a cell: their coordinator, and what they end here.
import type { Broker } from '../broker/broker.ts'
import type { Destination } from '../broker/destination.ts'
import type { ProducerIds } from '../broker/topic/producer-ids.ts'
import { HeldWork } from '../broker/transaction/held-work.ts'
import { tellTraces } from '../broker/transaction/tell-traces.ts'
import { TransactionCell, type TransactionMember } from '../broker/transaction/transaction-cell.ts'
import {
  type EndInCells,
  TransactionCoordinator,
} from '../broker/transaction/transaction-coordinator.ts'
import type { VHost } from '../broker/vhost.ts'
import { whenDurable } from '../broker/when-durable.ts'
import type { Logger } from '../lib/logger.ts'
import { transactionLimits } from '../limits/transaction.ts'
import type { SpreadTransactions } from './spread-transactions.ts'

export interface TransactionParts {
  readonly broker: Broker
  /** Whose topics Kafka's clients see. */
  readonly vhost: VHost<Destination>
  readonly producerIds: ProducerIds
  /** What beside partitions may be part of a transaction. */
  readonly members: readonly TransactionMember[]
  /** The log's keyed state at the start. */
  readonly state: ReadonlyMap<string, Buffer>
  /** Makes of what ends in this cell what ends in all of them; undefined of a broker that is alone. */
  readonly openHome?: SpreadTransactions['openHome'] | undefined
  readonly logger: Logger
}

/** Everything that is to be restored must be there. Throws GroupFormatError. */
export function openTransactions(parts: TransactionParts): TransactionCoordinator {
  const { broker, vhost, producerIds, logger } = parts
  const { store, clock } = broker
  const topics = broker.topicsOf(vhost)
  const cell = new TransactionCell({
    store,
    findPartition: ({ topic, partition: index, logId }) => {
      const partition = topics.find(topic)?.partitions[index]
      return partition?.log.id === logId ? partition : undefined
    },
    onEnding: tellTraces(broker.watch, topics),
  })
  const held: HeldWork = new HeldWork(broker, () => coordinator)
  cell.members.push(...parts.members, held)
  const endHere: EndInCells = async (end) => {
    const known = cell.whenKnown(end)
    if (known !== undefined) await known
    // What is closed writes nothing any more.
    if (!coordinator.isClosed) await whenDurable(cell.end(end))
  }
  const isClosed = (): boolean => coordinator.isClosed
  const coordinator: TransactionCoordinator = new TransactionCoordinator({
    store,
    clock,
    producerIds,
    timeoutMsMax: settingOf(broker, 'transaction.max.timeout.ms', transactionLimits.timeoutMsMax),
    idExpirationMs: settingOf(
      broker,
      'transactional.id.expiration.ms',
      transactionLimits.idExpirationMs,
    ),
    sweepMs: settingOf(
      broker,
      'transaction.abort.timed.out.transaction.cleanup.interval.ms',
      transactionLimits.sweepMs,
    ),
    ...(parts.openHome?.({ clock, topics, endHere, isClosed, logger }) ?? { endInCells: endHere }),
    onForced: ({ id, timeoutMs }) => {
      logger.warn(
        { transactionalId: id, timeoutMs },
        'A transaction is aborted, and not by its producer: it was open for too long, a new producer took the id, or somebody asked for it',
      )
    },
    onTrouble: ({ id }, error) => {
      logger.error(
        { err: error, transactionalId: id },
        'A transaction could not be ended; it is tried again',
      )
    },
  })
  held.restore(parts.state)
  broker.heldWork = held
  coordinator.restore(parts.state)
  coordinator.start()
  return coordinator
}

/** What somebody has set while the broker runs, in milliseconds. */
function settingOf({ ownSettings }: Broker, name: string, fallback: number): () => number {
  return () => Number(ownSettings.get(name) ?? fallback)
}
