// A topic, which AMQP sees as a stream queue: partitions that readers keep their own offsets into.
import type { PolicyDefinition, QueueRow } from '../../meta/topology-change.ts'
import { asksForDelivery } from '../../record/message/deliver-at.ts'
import { type FieldTable, table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ageMsOf } from '../argument-check.ts'
import { QueueCounters } from '../counters/queue-counters.ts'
import type { QueueLike } from '../exchange/binding.ts'
import type { EffectivePolicy, PolicySubject } from '../policy/policy.ts'
import type { Queue } from '../queue/queue.ts'
import { partitionOfKey } from './murmur2.ts'
import type { Partition } from './partition.ts'
import { TopicConfig } from './topic-config.ts'
import type { TopicDefaults } from './topic-defaults.ts'

/** Whoever reads a topic and has to know what becomes of it. */
export interface TopicObserver {
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

  constructor(options: TopicOptions) {
    this.vhost = options.vhost
    this.name = options.name
    this.topicId = options.topicId
    this.arguments = options.arguments ?? streamArguments
    this.#config = new TopicConfig(options.configs, options.defaults)
    this.isProvisional = options.isProvisional
  }

  get config(): TopicConfig {
    return this.#config
  }

  set config(config: TopicConfig) {
    this.#config = config
    for (const { log } of this.partitions) log.profile = config.profile
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
    return this.partitions.reduce(
      (sum, { log, startOffset }) => sum + log.endOffset - startOffset,
      0,
    )
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
    const offset = this.partitions[index]?.log.append(source, sharedPosition)
    if (offset !== undefined && asksForDelivery(source)) {
      this.partitions[index]?.noteDeliveries(offset)
    }
    this.counters.published++
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
      },
    }
  }
}

function configsOf(definition: PolicyDefinition = {}): Record<string, string> {
  const { 'max-age': age, 'max-length-bytes': size, profile } = definition
  return {
    ...(age !== undefined && { 'retention.ms': String(ageMsOf(String(age))) }),
    ...(size !== undefined && { 'retention.bytes': String(size) }),
    ...(profile !== undefined && { 'pabal.profile': String(profile) }),
  }
}
