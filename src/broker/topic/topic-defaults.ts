// What topics have that set nothing themselves. Kafka keeps these among the broker's settings, some
// under another name, and clients may change them while the broker runs (KIP-226).

/** Settings of topics → the broker's setting that is their default, where its name differs. */
const brokerNames: Readonly<Record<string, string>> = {
  'cleanup.policy': 'log.cleanup.policy',
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'flush.ms': 'log.flush.interval.ms',
  'index.interval.bytes': 'log.index.interval.bytes',
  'local.retention.bytes': 'log.local.retention.bytes',
  'local.retention.ms': 'log.local.retention.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.type': 'log.message.timestamp.type',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  preallocate: 'log.preallocate',
  'retention.bytes': 'log.retention.bytes',
  'retention.ms': 'log.retention.ms',
  'segment.bytes': 'log.segment.bytes',
  'segment.index.bytes': 'log.index.size.max.bytes',
  'segment.jitter.ms': 'log.roll.jitter.ms',
  'segment.ms': 'log.roll.ms',
}
/** Topics' own, of which the broker's settings know nothing. */
const withoutDefault: ReadonlySet<string> = new Set([
  'errors.deadletterqueue.group.enable',
  'follower.replication.throttled.replicas',
  'leader.replication.throttled.replicas',
  'pabal.profile',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.storage.enable',
])

/** The broker's setting that is the default of a topic's; undefined when there is none. */
export function brokerSettingFor(topicSetting: string): string | undefined {
  return withoutDefault.has(topicSetting) ? undefined : (brokerNames[topicSetting] ?? topicSetting)
}

/** The broker's settings, as far as they were changed. */
export interface BrokerValues {
  /** Somebody changed one. */
  readonly hasAny: boolean
  /** Undefined when nobody changed it. */
  get(brokerSetting: string): string | undefined
}

export class TopicDefaults {
  readonly #broker: BrokerValues

  constructor(broker: BrokerValues) {
    this.#broker = broker
  }

  /** What a topic has for `topicSetting` when it sets nothing; undefined: Kafka's default. */
  get(topicSetting: string): string | undefined {
    // Every batch that is produced asks several times, and few brokers have any.
    if (!this.#broker.hasAny) return undefined
    const name = brokerSettingFor(topicSetting)
    return name === undefined ? undefined : this.#broker.get(name)
  }
}

export const noTopicDefaults: TopicDefaults = new TopicDefaults({
  hasAny: false,
  get: () => undefined,
})
