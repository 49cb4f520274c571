// A topic, which AMQP sees as a stream queue: partitions that readers keep their own offsets into.
import type { PolicyDefinition, QueueRow, TopicRow } from '../../meta/topology-change.ts'
import { asksForDelivery } from '../../record/message/deliver-at.ts'
import { type FieldTable, table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ageMsOf } from '../argument-check.ts'
import { QueueCounters } from '../counters/queue-counters.ts'
import type { QueueLike } from '../exchange/binding.ts'
import type { EffectivePolicy, PolicySubject } from '../policy/policy.ts'
import type { Queue } from '../queue/queue.ts'
import type { TopicTransit } from '../spread/topic-transit.ts'
import type { WithParty } from '../trace/party.ts'
import { cellOfPartition } from './cell-of-partition.ts'
import { partitionOfKey } from './murmur2.ts'
import type { Partition } from './partition.ts'
import { TopicConfig } from './topic-config.ts'
import type { TopicDefaults } from './topic-defaults.ts'

/** Whoever reads a topic and has to know what becomes of it. */
export interface TopicObserver extends WithParty {
  onTopicDeleted(): void
  onPartitionsAdded(): void
}

export interface TopicOptions {
  readonly vhost: string
  readonly name: string
  /** 22 characters of base64url. */
  readonly topicId: string
  readonly isProvisional: boolean
  readonly configs: Readonly<Record<string, string>>
  readonly defaults: TopicDefaults
  readonly arguments?: FieldTable
  readonly spread?: number | undefined
  readonly numbers?: readonly number[] | undefined
}

/** What a topic that Kafka made looks like to AMQP. */
const streamArguments: FieldTable = table({ 'x-queue-type': 'stream' })

export class Topic implements QueueLike, PolicySubject {
  readonly kind = 'topic'
  readonly type = 'stream'
  readonly isDurable = true
  readonly isVolatile = false
  readonly isAutoDelete = false
  readonly owner = undefined
  readonly isExclusive = false
  readonly vhost: string
  readonly name: string
  readonly topicId: string
  readonly partitions: Partition[] = []
  /** Over how many cells its partitions are spread; 0: all are in this one. */
  readonly spread: number
  /** Of a part of a topic that another cell has: the numbers of its partitions; undefined of one that is whole. */
  numbers: readonly number[] | undefined
  /** What is on its way to partitions that other cells lead; undefined where there are none. */
  transit: TopicTransit | undefined
  /** What it was declared with. */
  arguments: FieldTable
  /** Undefined: none applies to it. */
  policy: EffectivePolicy | undefined
  isProvisional: boolean
  isDeleted = false
  readonly counters: QueueCounters = new QueueCounters()
  readonly usedCounters: QueueCounters = this.counters
  /** As a `TopicView`: a topic is its own, and can be altered. */
  readonly source: Topic = this
  readonly topic: Topic = this
  readonly hasGaps = false
  /** Retention makes room. */
  readonly mayRefuse = false
  /** Rates are for work queues. */
  readonly publishLimit = undefined
  /** Stream consumers have their own places: for the topic nothing is unacked. */
  readonly unackedCount = 0
  /** Where the next message without a key goes. */
  #nextPartition = 0
  #config: TopicConfig
  /** Told when its settings have changed. */
  onConfigured: () => void = () => undefined

  constructor(options: TopicOptions) {
    this.vhost = options.vhost
    this.name = options.name
    this.topicId = options.topicId
    this.arguments = options.arguments ?? streamArguments
    this.#config = new TopicConfig(options.configs, options.defaults)
    this.isProvisional = options.isProvisional
    this.spread = options.spread ?? 0
    this.numbers = options.numbers
  }

  /** See `TopicView`. */
  led(index: number): Partition | undefined {
    const { numbers, spread } = this
    // Numbers of a part are those of every so many partitions.
    const at = numbers === undefined ? index : Math.floor(index / spread)
    const isOther = numbers !== undefined && numbers[at] !== index
    const partition = isOther ? undefined : this.partitions[at]
    return partition?.remote === undefined ? partition : undefined
  }

  /** See `TopicView`. */
  cellElsewhere(index: number): number | undefined {
    if (this.numbers === undefined) return this.partitions[index]?.remote?.cell
    const isHere = this.led(index) !== undefined
    return isHere ? undefined : cellOfPartition(this.topicId, index, this.spread)
  }

  get config(): TopicConfig {
    return this.#config
  }

  set config(config: TopicConfig) {
    this.#config = config
    for (const { log } of this.partitions) log.profile = config.profile
    this.onConfigured()
  }

  /** See `PolicySubject`. As in RabbitMQ a policy wins over what a stream was declared with. */
  applyPolicy(policy: EffectivePolicy | undefined): boolean {
    this.policy = policy
    this.config = this.config.withPolicy(configsOf(policy?.definition))
    return false
  }

  /** Stream consumers that read it now. */
  readonly observers: Set<TopicObserver> = new Set()
  /** Queues whose messages are its records. They go before it does. */
  readonly subscriptions: Set<Queue> = new Set()

  get consumerCount(): number {
    return this.observers.size + this.subscriptions.size
  }

  /** Id of the first partition's log. */
  get id(): number {
    return this.partitions[0]?.log.id ?? 0
  }

  /** Records that can be read, over all partitions. Gaps are counted. */
  get messageCount(): number {
    return this.partitions.reduce((sum, partition) => sum + recordCountOf(partition), 0)
  }

  get readyCount(): number {
    return this.messageCount
  }

  /** Whether a message's key decides where it goes: `RecordSource.partitionKey` has to be set. */
  get needsKey(): boolean {
    return this.partitions.length > 1
  }

  hasRoomFor(): boolean {
    return true
  }

  onRefused(): void {}

  touch(): void {}

  /** Stream consumers read by themselves. */
  deliverReady(): void {}

  /** What its readers need at the next start is written as they go. */
  prepareToClose(): void {}

  /**
   * Appends a message that another protocol published, to the partition that its key leads to, as
   * Kafka's default partitioner would choose it. Within an atom.
   */
  publish(source: RecordSource, sharedPosition: number): void {
    const count = this.partitions.length
    let index = 0
    if (count > 1) {
      index =
        source.partitionKey === undefined
          ? this.#nextPartition++ % count
          : partitionOfKey(source.partitionKey, count)
    }
    this.counters.published++
    const partition = this.partitions[index]
    if (partition === undefined) return
    if (partition.remote !== undefined && this.transit !== undefined) {
      this.transit.append(index, source, sharedPosition)
      return
    }
    const offset = partition.log.append(source, sharedPosition)
    if (asksForDelivery(source)) partition.noteDeliveries(offset)
  }

  /** It is gone, or no longer a topic. */
  onDeleted(): void {
    this.isDeleted = true
    for (const observer of this.observers) observer.onTopicDeleted()
  }

  row(): QueueRow {
    return {
      vhost: this.vhost,
      name: this.name,
      type: this.type,
      logId: this.id,
      cursorId: this.partitions[0]?.cursor.id ?? -1,
      autoDelete: false,
      arguments: this.arguments,
      topic: {
        topicId: this.topicId,
        logIds: this.partitions.map(({ log }) => log.id),
        cursorIds: this.partitions.map(({ cursor }) => cursor.id),
        configs: this.config.overrides,
        isProvisional: this.isProvisional,
        ...(this.spread > 0 && { spread: this.spread }),
        ...(this.numbers && { numbers: this.numbers }),
        ...transitRows(this.transit),
      },
    }
  }
}

function recordCountOf({ log, startOffset, remote }: Partition): number {
  if (remote === undefined) return log.endOffset - startOffset
  return remote.facts.endOffset - remote.facts.startOffset
}

function transitRows(transit: TopicTransit | undefined): Pick<TopicRow, 'transit'> {
  const rows = transit?.rows ?? []
  return rows.length === 0 ? {} : { transit: rows }
}

function configsOf(definition: PolicyDefinition = {}): Record<string, string> {
  const { 'max-age': age, 'max-length-bytes': size, profile } = definition
  return {
    ...(age !== undefined && { 'retention.ms': String(ageMsOf(String(age))) }),
    ...(size !== undefined && { 'retention.bytes': String(size) }),
    ...(profile !== undefined && { 'pabal.profile': String(profile) }),
  }
}
