// All topics of one virtual host, as Kafka sees them: those that are topics, and the work queues that may be looked at as
// topics (`QueueViews`). Queues and topics share one namespace; this class makes, changes and finds them there.
import type { Random } from '../../lib/random.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { QueueRow, TopicRow } from '../../meta/topology-change.ts'
import { encodeAddress } from '../../record/message/address.ts'
import type { Admission } from '../admission.ts'
import { BrokerError } from '../broker-error.ts'
import type { BrokerCounters } from '../counters/broker-counters.ts'
import type { Destination } from '../destination.ts'
import { inertConfigs } from '../inert-settings.ts'
import type { InertWatch } from '../inert-watch.ts'
import type { Incoming } from '../queue/incoming.ts'
import type { Queue } from '../queue/queue.ts'
import type { Spread } from '../spread/spread.ts'
import type { TopicTransit } from '../spread/topic-transit.ts'
import type { TopologyLog } from '../topology-log.ts'
import type { VHost } from '../vhost.ts'
import { cellOfPartition } from './cell-of-partition.ts'
import { checkPartitionCount } from './check-partition-count.ts'
import { CollidingNames } from './colliding-names.ts'
import { Partition, type PartitionContext } from './partition.ts'
import { isQueueTopicId, logIdOfTopicId, topicIdBytes } from './queue-topic-id.ts'
import { isVisible, QueueViews } from './queue-views.ts'
import { RemotePartition } from './remote-partition.ts'
import type { StreamContext } from './stream-context.ts'
import type { PartAsked, TopicAsked } from './topic-asked.ts'
import { parseTopicConfigs, type TopicConfig } from './topic-config.ts'
import type { TopicDefaults } from './topic-defaults.ts'
import { checkNewTopicName } from './topic-name.ts'
import type { TopicView } from './topic-view.ts'
import { Topic } from './topic.ts'

/** What topics need of their broker. */
export interface TopicsContext extends PartitionContext {
  readonly random: Random
  readonly topology: TopologyLog
  readonly topicDefaults: TopicDefaults
  readonly streamContext: Pick<StreamContext, 'offsets'>
  /** Told what is asked for and has no effect. */
  readonly inert: InertWatch
  readonly admission: Admission
  /** Of the cluster; undefined of a broker that is alone. */
  readonly cellNumber: number | undefined
  readonly counters: BrokerCounters
  /** For partitions that other cells lead; undefined of a broker that is alone. */
  readonly spread: Spread | undefined
}

export class Topics {
  readonly #context: TopicsContext
  readonly #vhost: VHost<Destination>
  readonly #byId = new Map<string, Topic>()
  readonly #names = new CollidingNames()
  readonly #queueViews: QueueViews
  /** Told when a topic that is spread over cells has come, changed or gone. */
  spreadWatcher: ((topic: Topic) => void) | undefined

  constructor(context: TopicsContext, vhost: VHost<Destination>) {
    this.#context = context
    this.#queueViews = new QueueViews(context)
    this.#vhost = vhost
  }

  find(name: string): TopicView | undefined {
    const found = this.#vhost.findQueue(name)
    return found && this.#viewOf(found)
  }

  /** There is a queue of that name which Kafka may not see. */
  isHidden(name: string): boolean {
    return this.#vhost.findQueue(name) !== undefined && this.find(name) === undefined
  }

  findById(topicId: string): TopicView | undefined {
    const topic = this.#byId.get(topicId)
    if (topic !== undefined || !isQueueTopicId(topicId)) return topic
    const known = this.#queueViews.findQueue(topicId)
    if (known !== undefined) return this.#viewOf(known)
    // A client may know it from before a restart.
    const logId = logIdOfTopicId(topicId)
    for (const queue of this.#vhost.queues()) {
      if (queue.id === logId && queue.kind === 'queue') return this.#viewOf(queue)
    }
    return undefined
  }

  /** Partitions of work queues that Kafka has looked at. */
  queuePartitions(): Generator<Partition> {
    return this.#queueViews.partitions()
  }

  /** The partitions of all topics, and of the work queues with these logs. */
  *partitions(logIds: ReadonlySet<number>): Generator<Partition> {
    for (const queue of this.#vhost.queues()) {
      if (queue.kind === 'topic') yield* queue.partitions
      else if (hasLogIn(queue, logIds)) {
        yield* this.#viewOf(queue)?.partitions ?? []
      }
    }
  }

  /** A work queue is gone, and so is what was kept about its producers. Within an atom. */
  forgetQueue(queue: Queue): void {
    this.#queueViews.forget(queue)
  }

  /** A queue was rewound, or begins or ends to keep what is acked: what Kafka sees of it is another. */
  onCursorsChanged(queue: Queue): void {
    this.#queueViews.onCursorsChanged(queue)
  }

  /** Everything Kafka may see, in no particular order; things may come and go meanwhile. */
  *views(): Generator<TopicView, void> {
    for (const queue of this.#vhost.queues()) {
      const view = this.#viewOf(queue)
      if (view !== undefined) yield view
    }
  }

  /** Names of everything Kafka may see: nothing is made for work queues that nobody has looked at. */
  *names(): Generator<string, void> {
    for (const queue of this.#vhost.queues()) if (isVisible(queue)) yield queue.name
  }

  /** Another number when something of it may have come, gone or changed. */
  get version(): number {
    return this.#vhost.version
  }

  /** The topics, and with `withQueues` the work queues that Kafka has looked at: for who only counts them. */
  *seen(withQueues: boolean): Generator<TopicView, void> {
    const queues = withQueues ? this.#queueViews.queues() : []
    for (const each of [this.#byId.values(), queues]) {
      for (const queue of each) {
        const view = this.#viewOf(queue)
        if (view !== undefined) yield view
      }
    }
  }

  /** Throws `invalid_topic`, `not_allowed` or `topic_already_exists` for a name that no topic may get. */
  checkName(name: string): void {
    checkNewTopicName(name)
    this.#checkFree(name)
    const other = this.#names.find(name)
    if (other === undefined) return
    const text = `Topic '${name}' collides with existing topic: ${other}`
    throw new BrokerError('invalid_topic', text)
  }

  /**
   * Throws `invalid_topic`, `not_allowed`, `topic_already_exists`, `invalid_partitions`, `invalid_config`,
   * `memory_exhausted`.
   */
  create(asked: TopicAsked): { topic: Topic; ticket: Ticket | undefined } {
    // A stream queue may have any name; Kafka sees it when the name is one for a topic.
    if (asked.arguments === undefined) this.checkName(asked.name)
    else this.#checkFree(asked.name)
    checkPartitionCount(asked.partitionCount)
    const configs = parseTopicConfigs(asked.configs)
    this.#admit(asked.partitionCount)
    const { random } = this.#context
    const topic = new Topic({
      vhost: this.#vhost.name,
      name: asked.name,
      topicId: random.bytes(topicIdBytes).toString('base64url'),
      isProvisional: asked.isProvisional,
      configs,
      defaults: this.#context.topicDefaults,
      spread: asked.spread,
      ...(asked.arguments && { arguments: asked.arguments }),
    })
    const ticket = this.#open(topic, asked.partitionCount)
    this.#context.counters.queuesCreated++
    // Streams are declared elsewhere.
    if (asked.arguments === undefined) this.#context.counters.queuesDeclared++
    this.#tellInert(topic, configs)
    return { topic, ticket }
  }

  /** Makes the part of a topic that another cell keeps. Throws `topic_already_exists`. */
  createPart(asked: PartAsked): { topic: Topic; ticket: Ticket | undefined } {
    this.#checkFree(asked.name)
    const topic = new Topic({
      ...asked,
      vhost: this.#vhost.name,
      isProvisional: false,
      defaults: this.#context.topicDefaults,
    })
    return { topic, ticket: this.#open(topic, asked.numbers.length) }
  }

  /** Gives a part all that it is to have; of its numbers it has the first already. */
  changePart(topic: Topic, { numbers, configs }: PartAsked): Ticket | undefined {
    return this.#change(topic, () => {
      topic.config = topic.config.with(configs)
      topic.numbers = numbers
      this.#addPartitions(topic, numbers.length)
    })
  }

  /** Throws `invalid_partitions` when the topic has so many already, or may not have so many. */
  checkGrowth(topic: Topic, count: number): void {
    const current = topic.partitions.length
    if (count === current) {
      const text = `Topic already has ${current} partition(s).`
      throw new BrokerError('invalid_partitions', text)
    }
    if (count < current) {
      throw new BrokerError(
        'invalid_partitions',
        `The topic ${topic.name} currently has ${current} partition(s); ${count} would not be an increase.`,
      )
    }
    checkPartitionCount(count)
    const { sourcePartitionsMax } = brokerLimits
    if (topic.subscriptions.size === 0 || count <= sourcePartitionsMax) return
    throw new BrokerError(
      'invalid_partitions',
      `${count} partitions are more than the ${sourcePartitionsMax} that the source of a queue may have.`,
    )
  }

  /** Adds partitions up to `count`. Throws what `checkGrowth` throws, and `memory_exhausted`. */
  grow(topic: Topic, count: number): Ticket | undefined {
    this.checkGrowth(topic, count)
    this.#admit(count - topic.partitions.length)
    const ticket = this.#change(topic, () => {
      this.#addPartitions(topic, count)
    })
    this.#onPartitionsAdded(topic)
    return ticket
  }

  /** Replaces all settings that were set. Throws `invalid_config`. */
  configure(topic: Topic, configs: Readonly<Record<string, string>>): Ticket | undefined {
    const parsed = parseTopicConfigs(configs)
    this.#tellInert(topic, parsed, topic.config.overrides)
    return this.#change(topic, () => {
      topic.config = topic.config.with(parsed)
    })
  }

  /**
   * Somebody declared what was only provisional: it becomes as declared, with as many partitions at
   * least. Throws `invalid_partitions`, `memory_exhausted`.
   */
  confirm(
    topic: Topic,
    asked: Required<Pick<TopicAsked, 'partitionCount' | 'configs' | 'arguments'>>,
  ): Ticket | undefined {
    checkPartitionCount(asked.partitionCount)
    const before = topic.partitions.length
    this.#admit(asked.partitionCount - before)
    const ticket = this.#change(topic, () => {
      topic.isProvisional = false
      topic.arguments = asked.arguments
      topic.config = topic.config.with(asked.configs)
      this.#addPartitions(topic, asked.partitionCount)
    })
    if (topic.partitions.length > before) this.#onPartitionsAdded(topic)
    return ticket
  }

  /** Removes a topic with its partitions and bindings. */
  delete(topic: Topic): Ticket | undefined {
    const { store, topology } = this.#context
    const { vhost, name } = topic
    const cascaded = this.#vhost.removeQueue(name)
    store.beginAtom()
    topology.put([{ kind: 'queue', op: 'delete', vhost, name }, ...cascaded])
    this.deleteLogs(topic)
    const ticket = store.endAtom()
    topic.onDeleted()
    return ticket
  }

  /** Deletes what a topic keeps that is being deleted, in whatever way. Within an atom. */
  deleteLogs(topic: Topic): void {
    const { store, streamContext } = this.#context
    this.#forget(topic)
    topic.isDeleted = true
    topic.transit?.delete()
    this.#tellSpread(topic)
    for (const partition of topic.partitions) {
      store.deleteLog(partition.log)
      partition.forget()
      streamContext.offsets.forget(partition.log)
    }
  }

  /** Takes a provisional topic out of the way of the queue that gets its log. */
  release(topic: Topic): void {
    this.#forget(topic)
    this.#context.counters.onReleased(topic)
    for (const partition of topic.partitions) partition.leave()
    topic.onDeleted()
  }

  /** Puts back a topic that was kept, with a cursor for each of its partitions. */
  restore(row: QueueRow, kept: TopicRow, cursors: readonly LogCursor[]): Topic {
    const { vhost, name, arguments: args } = row
    const defaults = this.#context.topicDefaults
    // A broker that is alone leads all that there is.
    const spread = this.#context.cellNumber === undefined ? 0 : kept.spread
    const topic = new Topic({ vhost, name, arguments: args, defaults, ...kept, spread })
    const homeAddress = encodeAddress('', name)
    const { logIds, transit = [] } = kept
    for (const cursor of cursors.slice(0, logIds.length)) {
      topic.partitions.push(this.#partition(topic, cursor, homeAddress))
    }
    for (const [index, lane] of transit.entries()) {
      topic.transit?.restore(lane, cursors[logIds.length + index]!)
    }
    this.#add(topic)
    return topic
  }

  /** It is there from now on. */
  #open(topic: Topic, partitionCount: number): Ticket | undefined {
    const { store, topology } = this.#context
    store.beginAtom()
    this.#addPartitions(topic, partitionCount)
    this.#add(topic)
    topology.put([{ kind: 'queue', op: 'put', row: topic.row() }])
    return store.endAtom()
  }

  #add(topic: Topic): void {
    this.#vhost.addQueue(topic)
    this.#byId.set(topic.topicId, topic)
    this.#names.add(topic.name)
    this.#tellSpread(topic)
    topic.onConfigured = () => this.#tellSpread(topic)
  }

  #tellSpread(topic: Topic): void {
    if (topic.spread > 0 && topic.numbers === undefined) this.spreadWatcher?.(topic)
  }

  #forget(topic: Topic): void {
    this.#byId.delete(topic.topicId)
    this.#names.remove(topic.name)
  }

  #checkFree(name: string): void {
    if (this.#vhost.findQueue(name) === undefined) return
    throw new BrokerError('topic_already_exists', `Topic '${name}' already exists.`)
  }

  /** What it had before is told already. */
  #tellInert(
    { vhost, name }: Topic,
    configs: Readonly<Record<string, string>>,
    before: Readonly<Record<string, string>> = {},
  ): void {
    const known = new Set(inertConfigs(before).map((setting) => setting.name))
    const settings = inertConfigs(configs).filter((setting) => !known.has(setting.name))
    this.#context.inert.tell({ kind: 'topic', vhost, name, settings })
  }

  #change(topic: Topic, change: () => void): Ticket | undefined {
    const { store, topology } = this.#context
    store.beginAtom()
    change()
    topology.put([{ kind: 'queue', op: 'put', row: topic.row() }])
    return store.endAtom()
  }

  #onPartitionsAdded(topic: Topic): void {
    this.#tellSpread(topic)
    // Routes that are known say whether a message's key is needed.
    this.#vhost.replaceQueue(topic)
    for (const observer of topic.observers) observer.onPartitionsAdded()
    for (const queue of topic.subscriptions) queue.onPartitionsAdded()
  }

  /** Throws `memory_exhausted`. */
  #admit(partitionCount: number): void {
    const { admission } = this.#context
    for (let count = 0; count < partitionCount; count++) admission.admitDeclaration()
  }

  /** Adds partitions until there are `count`. */
  #addPartitions(topic: Topic, count: number): void {
    const homeAddress = encodeAddress('', topic.name)
    while (topic.partitions.length < count) {
      const { store } = this.#context
      const cursor = store.createCursor(store.createLog({ isVolatile: false }))
      topic.partitions.push(this.#partition(topic, cursor, homeAddress))
    }
  }

  #partition(topic: Topic, cursor: LogCursor, homeAddress: Buffer): Partition {
    cursor.log.homeAddress = homeAddress
    cursor.log.profile = topic.config.profile
    const onAppended = ({ count }: Incoming): void => {
      topic.counters.onProduced(count)
    }
    const config = (): TopicConfig => topic.config
    const owner = { config, onAppended, showsAborted: true }
    const partition = new Partition(cursor, this.#context, owner)
    const number = topic.partitions.length
    partition.remote = this.#remoteOf(topic, number)
    this.#context.spread?.mirrors.add(topic.topicId, number, partition)
    if (partition.remote !== undefined) topic.transit ??= this.#transitOf(topic)
    return partition
  }

  #transitOf(topic: Topic): TopicTransit | undefined {
    return this.#context.spread?.transits.of({
      topicId: topic.topicId,
      cellOf: (number) => topic.partitions[number]!.remote!.cell,
      onLaneAdded: () => {
        this.#context.topology.put([{ kind: 'queue', op: 'put', row: topic.row() }])
      },
    })
  }

  /** Undefined for a partition that this cell leads. */
  #remoteOf({ topicId, spread, numbers }: Topic, index: number): RemotePartition | undefined {
    if (spread === 0 || numbers !== undefined) return undefined
    const cell = cellOfPartition(topicId, index, spread)
    return cell === this.#context.cellNumber ? undefined : new RemotePartition(cell)
  }

  /** A topic or a work queue as Kafka sees it; undefined when it may not be seen. */
  #viewOf(queue: Destination): TopicView | undefined {
    if (!isVisible(queue)) return undefined
    return queue.kind === 'topic' ? queue : this.#queueViews.of(queue)
  }
}

/** Asked of every queue at a start. */
function hasLogIn(queue: Queue, logIds: ReadonlySet<number>): boolean {
  if (queue.levels.length === 1) return logIds.has(queue.id)
  return queue.cursors.some(({ log }) => logIds.has(log.id))
}
