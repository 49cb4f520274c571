// The broker: virtual hosts and what may be done to their queues and exchanges, whatever protocol
// asks. A change takes effect in memory at once; the ticket it returns says when it is
// durable, which is when the client may be told. It has never heard of a frame.
import { AccessControl } from '../auth/access-control.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { Slices } from '../lib/slices.ts'
import type { Turn } from '../lib/turn.ts'
import { brokerLimits } from '../limits/broker.ts'
import { logLimits } from '../limits/log.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { Ticket } from '../log/ticket.ts'
import type { AccessChange, AccessRows } from '../meta/access-rows.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import { encodeInEntries } from '../meta/topology-entries.ts'
import type { Topology } from '../meta/topology.ts'
import { Admission } from './admission.ts'
import { vhostNotFound } from './broker-error.ts'
import type { BrokerOptions } from './broker-options.ts'
import type { BrowseAsked } from './browse/browse-start.ts'
import { Browser } from './browse/browser.ts'
import type { BrowsedPage } from './browse/read-page.ts'
import { commitTogether } from './commit-together.ts'
import { type BrokerCounts, countAll } from './count-all.ts'
import { BrokerCounters } from './counters/broker-counters.ts'
import { DeadLetterer } from './dead-letterer.ts'
import { declareQueue, type QueueAsked } from './declare-queue.ts'
import { Deduplications } from './deduplication/deduplications.ts'
import { Delays } from './delay/delays.ts'
import { deleteQueue } from './delete-queue.ts'
import { describeTopology } from './describe-topology.ts'
import type { Destination } from './destination.ts'
import { DynamicSettings } from './dynamic-settings.ts'
import { ExclusiveQueues } from './exclusive-queues.ts'
import { findSourceStart } from './find-source-start.ts'
import { InertWatch } from './inert-watch.ts'
import { jobKeyStart } from './jobs/job-keys.ts'
import type { Jobs } from './jobs/jobs.ts'
import type { SourceStart } from './open-source.ts'
import { ownSettings } from './own-settings.ts'
import { forgetPause, restorePauses } from './pause.ts'
import { PolicyKeeper } from './policy/policy-keeper.ts'
import { HistoryReplay } from './publish/history-replay.ts'
import { type Committed, Intake, type IntakeClient } from './publish/intake.ts'
import { MessageRouter } from './publish/message-router.ts'
import { type Publish, Publisher } from './publish/publisher.ts'
import type { Settlement } from './publish/settlement.ts'
import { ExpirySweep } from './queue/expiry-sweep.ts'
import type { ConnectionToken, Queue, QueueContext } from './queue/queue.ts'
import { ClientQuotas } from './quota/client-quotas.ts'
import { noRate } from './rate/publish-limit.ts'
import { PublishRates } from './rate/publish-rates.ts'
import {
  adjustRetention,
  previewRewind,
  rewindQueue,
  type RewindTarget,
  type Rewound,
} from './replay.ts'
import { ReplyRegistry } from './reply-registry.ts'
import { restorePartitionState } from './restore-partition-state.ts'
import { type RestoreReport, restoreTopology } from './restore-topology.ts'
import { RouteCache } from './route-cache.ts'
import type { SharedAccess } from './shared-access.ts'
import { Shortage } from './shortage.ts'
import { Spread } from './spread/spread.ts'
import { ConsumerOffsets } from './topic/consumer-offsets.ts'
import type { PartitionLeaders } from './topic/partition-leaders.ts'
import type { Partition } from './topic/partition.ts'
import type { StreamContext } from './topic/stream-context.ts'
import { type BrokerValues, TopicDefaults } from './topic/topic-defaults.ts'
import type { Topic } from './topic/topic.ts'
import { Topics } from './topic/topics.ts'
import { TopologyLog } from './topology-log.ts'
import { type ClientCause, MessageWatch } from './trace/message-watch.ts'
import type { Traces } from './trace/traces.ts'
import type { HeldWork } from './transaction/held-work.ts'
import { VHost } from './vhost.ts'
import { type VHostParts, VHosts } from './vhosts.ts'

export const defaultVHost = '/'

export class Broker {
  readonly store: LogStore
  readonly turn: Turn
  readonly random: Random
  readonly clock: Clock
  readonly cellNumber: number | undefined
  /** For partitions that other cells lead; undefined of a broker that is alone. */
  readonly spread: Spread | undefined
  readonly topology: TopologyLog
  readonly queueContext: QueueContext
  readonly streamContext: StreamContext
  readonly replies: ReplyRegistry
  /** Told what becomes of messages, while somebody traces some. */
  readonly watch: MessageWatch = new MessageWatch()
  /** Settings that clients have changed. */
  readonly settings: DynamicSettings
  /** Of them the broker's own. */
  readonly ownSettings: BrokerValues
  readonly topicDefaults: TopicDefaults
  /** Why publishers have to wait, if they do. */
  readonly shortage: Shortage
  /** Whether clients may make it keep more. */
  readonly admission: Admission = new Admission()
  readonly vhosts: VHosts
  readonly exclusiveQueues: ExclusiveQueues = new ExclusiveQueues()
  /** What happened in it since it started. */
  readonly counters: BrokerCounters = new BrokerCounters()
  /** Who exists and who may do what. */
  readonly access: AccessControl
  /** How fast its clients may publish. */
  readonly rates: PublishRates
  /** What Kafka's clients may use. */
  readonly quotas: ClientQuotas
  /** Told what is asked for and has no effect. */
  readonly inert: InertWatch
  /** Of partitions of its topics that other cells lead; undefined where there are none. */
  leaders: PartitionLeaders | undefined
  /** Keeps what clients of AMQP hand over to transactions; undefined where there are none. */
  heldWork: HeldWork | undefined
  /** Told when the limits of topics may have changed. */
  onRetentionChanged: () => void = () => undefined
  /** For changes of much that exists. */
  readonly slices: Slices
  /** Told just before a queue or topic is deleted. */
  readonly deletionListeners: ((queue: Destination) => void)[] = [
    (queue) => this.counters.onDeleted(queue),
    (queue) => forgetPause(this.store, queue),
  ]
  /** Told within the atom that deletes a virtual host. */
  readonly vhostDeletionListeners: ((vhost: VHost<Destination>) => void)[] = []
  readonly #sharedAccess: SharedAccess | undefined
  readonly #publisher: Publisher
  readonly #historyReplay: HistoryReplay
  readonly #delays: Delays
  readonly #deduplications: Deduplications
  #expirySweep: ExpirySweep | undefined
  /** Made when it is needed. */
  #browser: Browser | undefined
  /** What the last process kept of its jobs. */
  #jobState: ReadonlyMap<string, Buffer> = new Map()
  #opening: Promise<Jobs> | undefined
  #jobs: Jobs | undefined
  #openingTraces: Promise<Traces> | undefined
  #traces: Traces | undefined

  constructor(options: BrokerOptions) {
    this.store = options.store
    this.turn = options.turn
    this.#sharedAccess = options.sharedAccess
    this.access = options.sharedAccess?.control ?? new AccessControl()
    this.#publisher = new Publisher(this)
    this.#historyReplay = new HistoryReplay(this)
    this.random = options.random
    this.shortage = options.shortage ?? new Shortage(options.clock)
    this.clock = options.clock
    this.inert = new InertWatch((notice) => options.onInert?.(notice))
    this.replies = new ReplyRegistry(options.random)
    this.slices = new Slices(options.clock, brokerLimits.changeSliceMs)
    this.topology = new TopologyLog(options.store)
    const { store, clock } = options
    const shared = { store, clock, watch: this.watch, counters: this.counters }
    const getVHost = (name: string): VHost<Destination> => this.getVHost(name)
    const deadLetterer = new DeadLetterer({ ...shared, getVHost })
    this.queueContext = {
      ...shared,
      turn: options.turn,
      shortage: this.shortage,
      deadLetter: (queue, record, reason) => deadLetterer.publish(queue, record, reason),
      onLevelAdded: (queue) => this.topology.put([{ kind: 'queue', op: 'put', row: queue.row() }]),
      onUnused: (queue) => this.deleteQueue(queue),
      onGivenUp: (queue) => options.onGivenUp?.(queue),
      routesVersion: ({ vhost }) => this.getVHost(vhost).version,
      openPresentIds: (logId, queue) => this.#deduplications.openPresentIds(logId, queue),
      closePresentIds: (logId) => this.#deduplications.closePresentIds(logId),
      onDeadLetterKept: (queue) => options.onDeadLetterKept?.(queue),
      onDamaged: options.onDamaged,
    }
    this.streamContext = {
      watch: this.watch,
      store: options.store,
      turn: options.turn,
      offsets: new ConsumerOffsets(options.store, options.clock),
      onDamaged: options.onDamaged,
    }
    this.#delays = new Delays({
      ...this.queueContext,
      topology: this.topology,
      getVHost,
      onDamaged: options.onDamaged,
    })
    this.#deduplications = new Deduplications(options)
    this.topology.onPut.push(() => this.#deduplications.forgetClosed())
    this.settings = new DynamicSettings(options.store)
    this.ownSettings = ownSettings(this.settings, options.nodeId ?? 1)
    this.topicDefaults = new TopicDefaults(this.ownSettings)
    this.rates = new PublishRates({
      clock: options.clock,
      turn: options.turn,
      limitsOf: {
        user: (name) => this.access.findUser(name)?.limits,
        vhost: (name) => this.findVHost(name)?.metadata?.limits,
      },
      ofConnection: options.connectionRate ?? noRate,
    })
    this.quotas = new ClientQuotas(this)
    this.cellNumber = options.cellNumber
    this.spread = options.cellNumber === undefined ? undefined : new Spread(this)
    const hidden = options.hasNoDefaultVHost === true ? defaultVHost : undefined
    this.vhosts = new VHosts((name) => this.#createVHost(name), hidden)
    for (const name of [defaultVHost, ...options.vhosts]) this.vhosts.add(name)
  }

  /**
   * Puts back what outlived the last process. Whoever owned a log that no row names is unknown: the log
   * is kept as it is, unless it is empty.
   */
  restore(topology: Topology, logs: readonly Log[], kept?: ReadonlySet<number>): RestoreReport {
    const parts = { broker: this, delays: this.#delays, keptCursors: kept }
    const report = restoreTopology(parts, topology, logs)
    // A policy may have come or gone just before the end.
    for (const queue of this.workQueues()) adjustRetention(this, queue)
    this.#expirySweep = new ExpirySweep(this.workQueues(), this.clock)
    return report
  }

  /** All of the topology that is to outlive the process, as log entries: see `describeTopology`. */
  topologyEntries(): Iterable<Buffer> {
    const access = this.#sharedAccess === undefined ? this.access.changes() : []
    return encodeInEntries(describeTopology(this.vhosts.all(), this.#delays.rows(), access))
  }

  /** Puts back who may do what, unless that is kept elsewhere. */
  restoreAccess(rows: AccessRows): void {
    if (this.#sharedAccess === undefined) this.access.restore(rows)
  }

  /** Makes changes durable of who may do what, which are in force already. */
  writeAccess(changes: readonly AccessChange[]): Ticket | undefined {
    const shared = this.#sharedAccess
    return shared === undefined ? this.topology.write(changes) : shared.write(changes)
  }

  findVHost(name: string): VHost<Destination> | undefined {
    return this.vhosts.find(name)?.vhost
  }

  /** Throws `vhost_not_found`. */
  getVHost(name: string): VHost<Destination> {
    const vhost = this.findVHost(name)
    if (vhost === undefined) throw vhostNotFound(name)
    return vhost
  }

  /** The topics of a virtual host. */
  topicsOf(vhost: VHost<Destination>): Topics {
    return this.vhosts.partsOf(vhost).topics
  }

  /** Names of all virtual hosts. */
  get vhostNames(): string[] {
    return this.vhosts.names
  }

  /** Changes the policies of a virtual host. */
  policiesOf(vhost: VHost<Destination>): PolicyKeeper {
    return this.vhosts.partsOf(vhost).policies
  }

  /** Where messages to a virtual host go. */
  routesOf(vhost: VHost<Destination>): RouteCache {
    return this.vhosts.partsOf(vhost).routes
  }

  /** Keyed state that outlived the last process, after `restore`. */
  restoreState(state: ReadonlyMap<string, Buffer>): void {
    this.settings.restore(state)
    this.quotas.restore()
    restorePartitionState(this, state)
    restorePauses(this, state)
    this.#deduplications.restore(state)
    this.#jobState = new Map([...state].filter(([key]) => key.startsWith(jobKeyStart)))
  }

  /** The topics of all virtual hosts, and parts of topics that other cells keep. */
  *topics(): Generator<Topic> {
    for (const vhost of this.vhosts.all()) {
      for (const queue of vhost.queues()) if (queue.kind === 'topic') yield queue
    }
  }

  /** Those that are deleted or declared meanwhile do no harm. */
  *workQueues(): Generator<Queue> {
    for (const vhost of this.vhosts) {
      for (const queue of vhost.queues()) if (queue.kind === 'queue') yield queue
    }
  }

  /** What Kafka sees of work queues, as far as it has looked at them. */
  *queuePartitions(): Generator<Partition> {
    for (const topics of this.vhosts.topics()) yield* topics.queuePartitions()
  }

  /** Where the messages of a client to a virtual host come in. */
  createIntake(vhost: VHost<Destination>, client: IntakeClient): Intake {
    return new Intake(this, client, new MessageRouter(vhost, this.routesOf(vhost)))
  }

  /**
   * Publishes and settles as one atom: after a crash all of it is there or nothing. As in RabbitMQ, a
   * full queue goes without the messages that it refuses, and all else is done.
   */
  commit(
    publishes: readonly Publish[],
    settlements: readonly Settlement[],
    cause: ClientCause,
  ): Committed {
    const parts = { store: this.store, publisher: this.#publisher }
    return commitTogether(parts, { publishes, settlements, cause })
  }

  /** Drops the records of a partition below `offset`. */
  trim({ log, cursor }: Partition, offset: number): Ticket | undefined {
    this.store.beginAtom()
    // Queues whose source it is keep what they have not acked.
    if (log.cursors.length > 1) cursor.ackRange(cursor.floor, offset - 1)
    else this.store.trim(log, offset)
    return this.store.endAtom()
  }

  /** Whether so much waits for the disk that publishers should be read no further. */
  get isAheadOfDisk(): boolean {
    return this.store.uncommittedSize > logLimits.uncommittedSizeMax
  }

  /** To be asked, and waited for, before a queue is declared; see `findSourceStart`. */
  findSourceStart(vhost: VHost<Destination>, asked: QueueAsked): Promise<SourceStart> | undefined {
    return findSourceStart(this, vhost, asked)
  }

  /** Declares a queue or checks that it is there as asked; see `declareQueue`. */
  declareQueue(
    vhost: VHost<Destination>,
    asked: QueueAsked,
  ): { queue: Destination; ticket: Ticket | undefined } {
    return declareQueue(this, vhost, asked)
  }

  /** Adds a queue that `declareQueue` made. */
  addQueue(vhost: VHost<Destination>, queue: Queue): void {
    vhost.addQueue(queue)
    this.exclusiveQueues.add(queue)
  }

  /** Deletes a queue or topic with its messages and bindings; its consumers are told. */
  deleteQueue(queue: Destination): Ticket | undefined {
    return deleteQueue(this, queue)
  }

  /**
   * Makes a virtual host, or changes what an existing one was made with. Exchanges that every virtual
   * host has are in it.
   */
  putVHost(name: string, metadata: VHostMetadata): Ticket | undefined {
    const vhost = this.vhosts.add(name)
    vhost.metadata = metadata
    return this.topology.write([{ kind: 'vhost', op: 'put', row: { name, metadata } }])
  }

  /** A connection is gone: its exclusive queues go with it, at once. */
  deleteExclusiveQueues(owner: ConnectionToken): void {
    for (const queue of this.exclusiveQueues.take(owner)) this.deleteQueue(queue)
  }

  /** Drops all ready messages of a queue; returns how many there were. */
  purgeQueue(queue: Queue): { count: number; ticket: Ticket | undefined } {
    queue.deliverReady()
    this.watch.observer?.onPurge(queue)
    this.store.beginAtom()
    const count = queue.purge()
    return { count, ticket: this.store.endAtom() }
  }

  /** Makes acked messages of a queue ready again; see `rewindQueue`. */
  rewindQueue(queue: Queue, target: RewindTarget): Promise<Rewound> {
    return rewindQueue(this, queue, target)
  }

  /** How many messages that would make ready again; see `previewRewind`. */
  previewRewind(queue: Queue, target: RewindTarget): Promise<number> {
    return previewRewind(this, queue, target)
  }

  /** A page of what is in a queue or topic, without any effect on it; see `Browser`. */
  browse(browsed: Destination, asked: BrowseAsked): Promise<BrowsedPage> {
    return this.browser.browse(browsed, asked)
  }

  get browser(): Browser {
    return (this.#browser ??= new Browser(this))
  }

  /** Long work on messages: loaded when somebody asks for it. */
  openJobs(): Promise<Jobs> {
    this.#opening ??= import('./jobs/jobs.ts').then(({ Jobs }) => {
      this.#jobs = new Jobs(this, this.#jobState)
      return this.#jobs
    })
    return this.#opening
  }

  /** Goes on with jobs that the last owner of the cell has handed over. */
  async goOnWithJobs(): Promise<void> {
    if (this.#jobState.size > 0) (await this.openJobs()).goOn()
  }

  /** Follows single messages: loaded when somebody asks for it. */
  openTraces(): Promise<Traces> {
    this.#openingTraces ??= import('./trace/traces.ts').then(({ Traces }) => {
      this.#traces = new Traces(this)
      return this.#traces
    })
    return this.#openingTraces
  }

  /** To be called when nothing is delivered any more and the store is about to be closed. */
  prepareToClose(): void {
    this.#expirySweep?.close()
    this.#jobs?.close()
    this.#traces?.close()
    this.#delays.stop()
    this.spread?.close()
    this.streamContext.offsets.flush()
    for (const vhost of this.vhosts) {
      for (const queue of vhost.queues()) queue.prepareToClose()
    }
  }

  counts(): BrokerCounts {
    return countAll(this.vhosts)
  }

  #createVHost(name: string): VHostParts {
    const vhost: VHost<Destination> = new VHost<Destination>(name, {
      random: this.random,
      admission: this.admission,
      createDelay: this.#delays.creatorFor(name),
      deduplication: this.#deduplications.creatorFor(name),
      onAdded: (added) => this.vhosts.find(name)?.policies.applyTo(added),
      onHistoryBound: (history, target) => this.#historyReplay.publish(vhost, history, target),
    })
    return {
      vhost,
      topics: new Topics(this, vhost),
      routes: new RouteCache(vhost),
      policies: this.#createPolicyKeeper(vhost),
    }
  }

  #createPolicyKeeper(vhost: VHost<Destination>): PolicyKeeper {
    return new PolicyKeeper({
      vhost,
      topology: this.topology,
      slices: this.slices,
      inert: this.inert,
      onLooked: (object) => {
        if (object.kind === 'queue') adjustRetention(this, object)
      },
      onApplied: () => this.onRetentionChanged(),
    })
  }
}
