// A cell: everything that one data folder holds, and what watches over it. A node serves a cell to
// clients; a cell has never heard of a listener.
//
// Lifecycle: `open` → used → `rest` (nothing happens in it by itself any more) → disposed of.
// Invariant: nothing in it is global to the process, so a process may have several. Clock, chance, the
// turn, the log and the thread for large batches are lent by the node.
import { BrokerError } from '../broker/broker-error.ts'
import { Broker, defaultVHost } from '../broker/broker.ts'
import { Compaction } from '../broker/compaction/compaction.ts'
import { consumerParts } from '../broker/group/consumer/consumer-parts.ts'
import { isConsumerRow } from '../broker/group/consumer/consumer-row-kinds.ts'
import type { GroupConfig } from '../broker/group/group-config.ts'
import type { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import { GroupFormatError } from '../broker/group/group-format-error.ts'
import { groupRowsOf } from '../broker/group/log-group-store.ts'
import { describeInert } from '../broker/inert-settings.ts'
import type { PublishRate } from '../broker/rate/publish-limit.ts'
import type { RestoreReport } from '../broker/restore-topology.ts'
import { sessionStateOf } from '../broker/session/session-rows.ts'
import type { Sessions, SessionsOptions } from '../broker/session/sessions.ts'
import type { SetAside } from '../broker/set-aside.ts'
import type { ShareGroups } from '../broker/share/share-groups.ts'
import { shareParts } from '../broker/share/share-parts.ts'
import { shareCursorIds } from '../broker/share/share-rows.ts'
import type { SharedAccess } from '../broker/shared-access.ts'
import { Shortage } from '../broker/shortage.ts'
import { heldCursorIds } from '../broker/topic/hold.ts'
import { ProducerIds } from '../broker/topic/producer-ids.ts'
import { RestoredEnds } from '../broker/topic/restored-ends.ts'
import { Retention } from '../broker/topic/retention.ts'
import type { TransactionBranch } from '../broker/transaction/transaction-branch.ts'
import type { TransactionCoordinator } from '../broker/transaction/transaction-coordinator.ts'
import type { BatchWorker } from '../crossing/batch-worker.ts'
import { Crossing } from '../crossing/crossing.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { Turn } from '../lib/turn.ts'
import { LogError } from '../log/log-error.ts'
import { backUp, type Backup, type Backups } from './back-up.ts'
import { BlockedNotice, type BlockedTeller } from './blocked-notice.ts'
import { clusterIdOf } from './cluster-id.ts'
import { openGroups } from './open-groups.ts'
import { openSetAside } from './open-set-aside.ts'
import { openShareGroups } from './open-share-groups.ts'
import { openStorage } from './open-storage.ts'
import { openTransactions } from './open-transactions.ts'
import { keptSecretOf, makeSecret } from './own-secret.ts'
import type { SpreadTransactions } from './spread-transactions.ts'
import type { Storage, StorageOptions } from './storage.ts'

/** What a cell is opened with. */
export interface CellOptions extends Pick<
  StorageOptions,
  'kind' | 'data' | 'durability' | 'profile' | 'diskFreeLimit' | 'syncDelayMs'
> {
  /** Virtual hosts that exist besides `/`. */
  readonly vhosts: readonly string[]
  /** What Kafka's settings call the broker. */
  readonly nodeId?: number
  /** What each connection may publish. */
  readonly connectionRate?: PublishRate
  /** How consumer groups behave, where that differs from the defaults. */
  readonly groups?: Partial<GroupConfig>
  /** Users and their rights, of a cell that does not keep them. */
  readonly sharedAccess?: SharedAccess
  /** Another cell has the virtual host `/`. */
  readonly hasNoDefaultVHost?: boolean
  /** Its number, where it is one of several. */
  readonly number?: number
  /** What messages by topic are published to, and whether those of QoS 0 wait for clients that are away. */
  readonly sessions?: SessionsOptions
}

/** What the node lends its cells, and wants to hear from them. */
export interface CellParts {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly logger: Logger
  readonly batchWorker: BatchWorker
  /** Storage failed for good: the cell confirms nothing more. */
  readonly onFailed: (error: Error) => void
  /** Of all cells of the node; left out where the cell is alone. */
  readonly blocked?: BlockedNotice | undefined
  /** Left out where the cell is alone. */
  readonly spreadTransactions?: SpreadTransactions
}

export class Cell implements AsyncDisposable {
  readonly broker: Broker
  readonly crossing: Crossing
  readonly groups: GroupCoordinator
  readonly setAside: SetAside
  readonly shareGroups: ShareGroups
  readonly producerIds: ProducerIds
  readonly transactions: TransactionCoordinator
  /** Where another cell coordinates the transactions of this one's partitions. */
  readonly branch: TransactionBranch | undefined
  readonly restoredEnds: RestoredEnds
  /** Kafka's name of the cluster that the cell began. */
  readonly clusterId: string
  /** See `backUp`; undefined for the rate is as fast as it is read. */
  readonly backUp: (bytesPerSecond: number | undefined) => Promise<Backup>
  readonly backups: Backups = { last: undefined }
  readonly compaction: Compaction
  readonly #retention: Retention
  readonly #storage: Storage
  readonly #blocked: BlockedTeller
  readonly #random: Random
  #secret: Buffer | undefined
  readonly #sessionState: ReadonlyMap<string, Buffer>
  readonly #sessionsOptions: SessionsOptions
  #openingSessions: Promise<Sessions> | undefined
  #sessions: Sessions | undefined
  #isAbandoned = false

  /** Opens a data folder or makes it. Throws as `openStorage`, `LogError` also for what a newer version wrote. */
  static async open(options: CellOptions, parts: CellParts): Promise<Cell> {
    const shortage = new Shortage(parts.clock)
    const blocked = (parts.blocked ?? new BlockedNotice(parts.logger)).open()
    const crossing = createCrossing(parts)
    let fenced: Error | undefined
    let cell: Cell | undefined
    const storage = await openStorage({
      ...options,
      ...parts,
      onFailed: (error) => {
        if (isFenced(error)) {
          fenced = error
          cell?.abandon()
        }
        parts.onFailed(error)
      },
      converter: crossing,
      onBlocked: (reason, place) => {
        blocked.tell(reason, place)
        shortage.set('disk', reason !== undefined)
      },
    })
    try {
      if (groupRowsOf(storage.state).some(isConsumerRow)) await consumerParts.load()
      if (shareCursorIds(storage.state).size > 0) await shareParts.load()
      if (fenced !== undefined) throw fenced
      cell = new Cell({ crossing, storage, shortage, options, blocked }, parts)
      if (cell.#sessionState.size > 0) await cell.openSessions()
      return cell
    } catch (error) {
      blocked[Symbol.dispose]()
      if (fenced !== undefined) storage.abandon()
      await storage.close()
      throw explain(error)
    }
  }

  private constructor(opened: Opened, parts: CellParts) {
    const { crossing, storage, options } = opened
    const { store, state } = storage
    this.crossing = crossing
    // Before anything can be appended.
    this.restoredEnds = new RestoredEnds(store, state, storage.logs)
    this.broker = restoreBroker(opened, parts)
    const vhost = this.broker.getVHost(defaultVHost)
    this.groups = openGroups(this.broker, vhost, state, options.groups)
    this.setAside = openSetAside(this.broker, { groups: this.groups, vhost }, parts.logger)
    this.shareGroups = openShareGroups(this.broker, this.groups, state, parts.logger)
    this.groups.leaveOut((groupId) => this.shareGroups.find(groupId) !== undefined)
    this.producerIds = new ProducerIds(store, state)
    const { spreadTransactions } = parts
    const isBranch = options.hasNoDefaultVHost === true
    this.transactions = openTransactions({
      broker: this.broker,
      vhost,
      producerIds: this.producerIds,
      members: [{ onTransactionEnd: (end) => this.groups.endTransaction(end) }],
      state,
      openHome: isBranch ? undefined : spreadTransactions?.openHome,
      logger: parts.logger,
    })
    const { broker } = this
    const topics = broker.topicsOf(vhost)
    this.branch = isBranch ? spreadTransactions?.openBranch({ broker, topics }) : undefined
    this.clusterId = clusterIdOf(store, parts.random, state)
    this.#random = parts.random
    this.#secret = keptSecretOf(state)
    this.#sessionState = sessionStateOf(state)
    this.#sessionsOptions = options.sessions ?? { exchange: 'amq.topic', keepsQos0: false }
    this.#retention = createRetention(this.broker, parts)
    this.compaction = createCompaction(this.broker, parts)
    this.broker.onRetentionChanged = () => {
      void this.#retention.run()
      void this.compaction.run()
    }
    this.#storage = storage
    this.#blocked = opened.blocked
    const { openSnapshot } = storage
    this.backUp = (rate) => backUp({ ...parts, openSnapshot, backups: this.backups }, rate)
  }

  /** What only this broker knows, also after a restart; a cluster has one of its own for all cells. */
  get secret(): Buffer {
    this.#secret ??= makeSecret(this.broker.store, this.#random)
    return this.#secret
  }

  /** Those of an earlier process are there from the start; else they are loaded for the first who asks. */
  openSessions(): Promise<Sessions> {
    this.#openingSessions ??= this.#openSessions()
    return this.#openingSessions
  }

  /** Undefined where nobody has asked for them. */
  get sessions(): Sessions | undefined {
    return this.#sessions
  }

  async #openSessions(): Promise<Sessions> {
    const { Sessions: SessionsOfCell } = await import('../broker/session/sessions.ts')
    const sessions = new SessionsOfCell(this.broker, this.#sessionsOptions)
    await sessions.restore(this.#sessionState)
    this.#sessions = sessions
    return sessions
  }

  /** Its users are known by now, so that what asks for their rights goes on. */
  begin(): void {
    this.#sessions?.begin()
  }

  /** Ends what happens in it by itself: no group loses a member because the node closes connections. */
  rest(): void {
    this.broker.spread?.close()
    this.#retention.close()
    void this.compaction.close()
    this.groups.close()
    this.shareGroups.close()
    this.#sessions?.[Symbol.dispose]()
    this.transactions[Symbol.dispose]()
  }

  /** Another node has the cell: nothing of it goes on here, and nobody waits for what was under way. */
  abandon(): void {
    this.#isAbandoned = true
    this.rest()
    this.#storage.abandon()
    this.#blocked[Symbol.dispose]()
  }

  /**
   * Makes everything durable, unless the cell was abandoned, and gives the data folder free. Nobody may use it any
   * more.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.rest()
    const compacted = this.compaction.close()
    if (!this.#isAbandoned) await compacted
    this.broker.prepareToClose()
    await this.#storage.close()
    this.#blocked[Symbol.dispose]()
  }
}

/** Somebody else has the data from now on. */
function isFenced(error: Error): boolean {
  return error instanceof LogError && error.code === 'fenced'
}

/** What a cell is made of once its storage is open. */
interface Opened {
  readonly crossing: Crossing
  readonly storage: Storage
  readonly shortage: Shortage
  readonly options: CellOptions
  readonly blocked: BlockedTeller
}

/**
 * What cannot be restored was whole when it was read, and was accepted by the broker that wrote it: that one
 * knows more than this one.
 */
function explain(error: unknown): unknown {
  if (!(error instanceof BrokerError || error instanceof GroupFormatError)) return error
  const text = `the data folder has what this Pabal does not know (${error.message}): use the Pabal that wrote it`
  return new LogError('format', text, { cause: error })
}

function restoreBroker({ storage, shortage, options }: Opened, parts: CellParts): Broker {
  const { clock, random, turn, logger } = parts
  const broker = new Broker({
    store: storage.store,
    turn,
    random,
    clock,
    shortage,
    vhosts: options.vhosts,
    ...(options.nodeId !== undefined && { nodeId: options.nodeId }),
    ...(options.connectionRate !== undefined && { connectionRate: options.connectionRate }),
    ...(options.sharedAccess !== undefined && { sharedAccess: options.sharedAccess }),
    ...(options.hasNoDefaultVHost === true && { hasNoDefaultVHost: true }),
    ...(options.number !== undefined && { cellNumber: options.number }),
    onDamaged: ({ vhost, name }, offset, error) => {
      logger.error({ err: error, vhost, name, offset }, 'Messages were skipped')
    },
    onGivenUp: ({ vhost, name, settings }) => {
      logger.warn(
        { vhost, queue: name },
        `A message came back more than ${settings.deliveryLimit} times and was dropped: give the queue a dead-letter exchange to keep such messages, or set x-delivery-limit`,
      )
    },
    onDeadLetterKept: ({ vhost, name, settings }) => {
      logger.warn(
        { vhost, queue: name, exchange: settings.deadLetter?.exchange },
        'A dead letter found no queue and is kept (x-dead-letter-strategy: at-least-once): declare the dead-letter exchange and bind a queue to it, and it goes there',
      )
    },
    onInert: (notice) => {
      logger.warn({ vhost: notice.vhost, name: notice.name }, describeInert(notice))
    },
  })
  storage.followTopology((sequence) => broker.topology.onApplied(sequence))
  const keptCursors = new Set([...shareCursorIds(storage.state), ...heldCursorIds(storage.state)])
  warnOfLosses(broker.restore(storage.topology, storage.logs, keptCursors), logger)
  storage.store.setTopologySource(() => broker.topologyEntries())
  broker.restoreState(storage.state)
  return broker
}

function createCrossing({ batchWorker, logger }: CellParts): Crossing {
  return new Crossing({
    worker: batchWorker,
    onUndecodable: (log, { baseOffset, lastOffset }, error) => {
      logger.error(
        { err: error, log: log.id, first: baseOffset, last: lastOffset },
        'A record batch cannot be decoded; readers of messages skip it',
      )
    },
  })
}

function createRetention(broker: Broker, { clock, logger }: CellParts): Retention {
  return new Retention({
    store: broker.store,
    clock,
    topics: () => broker.topics(),
    queuePartitions: () => broker.queuePartitions(),
    workQueues: () => broker.workQueues(),
    onTrouble: ({ vhost, name }, error) => {
      logger.warn({ err: error, vhost, name }, 'Retention of a queue or topic has to wait')
    },
  })
}

function createCompaction(
  broker: Broker,
  { clock, random, batchWorker, logger }: CellParts,
): Compaction {
  return new Compaction({
    store: broker.store,
    clock,
    random,
    slices: broker.slices,
    worker: batchWorker,
    settings: broker.ownSettings,
    counters: broker.counters.compaction,
    topics: () => broker.topics(),
    onTrouble: ({ vhost, name }, error) => {
      logger.warn({ err: error, vhost, name }, 'Compaction of a topic has to wait')
    },
  })
}

/** Whoever looks for messages finds out where they are. */
function warnOfLosses(report: RestoreReport, logger: Logger): void {
  const { unowned, incomplete, rewound, unmatched, delays } = report
  for (const { id, keptCount } of unowned) {
    logger.warn(
      `Log ${id} has ${keptCount} messages, and which queue they are in is not known any more: ` +
        'it is kept; stop the broker and run "pabal repair" to have a queue made of it',
    )
  }
  for (const { vhost, name } of incomplete) {
    logger.warn({ vhost, queue: name }, 'The log of a queue is missing: the queue is empty now')
  }
  for (const { vhost, name } of rewound) {
    logger.warn(
      { vhost, queue: name },
      'What was acked in a queue is not known: all that is there comes again',
    )
  }
  for (const { vhost, exchange } of delays.missing) {
    logger.warn({ vhost, exchange }, 'A log of delayed messages is missing: they are lost')
  }
  for (const { vhost, exchange } of delays.rewound) {
    logger.warn(
      { vhost, exchange },
      'Which of some delayed messages have left is not known: all that are there go out again',
    )
  }
  for (const { vhost, name, pattern } of unmatched) {
    logger.warn(
      { vhost, policy: name, pattern },
      'The pattern of a policy cannot be used any more: set it again',
    )
  }
}
