// The settings of a topic, by Kafka's names, with the defaults, limits and texts of Kafka 4.3. Those
// that this broker acts on have getters; the others are kept and shown, because tools set and read
// them. Source: Kafka's TopicConfig and LogConfig, and what Kafka 4.3.0 answered.
import type { LogProfile } from '../../log/log-profile.ts'
import { BrokerError } from '../broker-error.ts'
import {
  atLeast,
  between,
  listOf,
  oneOf,
  parseSettingValue,
  type SettingCheck,
  type SettingRules,
} from '../setting-value.ts'
import { itemsOf } from '../setting-value.ts'
import { noTopicDefaults, type TopicDefaults } from './topic-defaults.ts'

export interface TopicConfigDefinition extends SettingRules {
  readonly default: string
}

const max64 = '9223372036854775807'
const hourMs = '3600000'
const dayMs = '86400000'
const weekMs = '604800000'

const gzipLevel: SettingCheck = (value) =>
  value === '-1' || (Number(value) >= 1 && Number(value) <= 9)
    ? undefined
    : { reason: 'Value must be between 1 and 9 or equal to -1' }
const replicas =
  (name: string): SettingCheck =>
  (value) =>
    value === '' || value === '*' || /^\d+:\d+(?:,\d+:\d+)*$/.test(value)
      ? undefined
      : {
          value: `[${itemsOf(value).join(', ')}]`,
          reason: `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
        }

function long(value: string, check: SettingCheck): TopicConfigDefinition {
  return { type: 'long', default: value, check }
}

function int(value: string, check: SettingCheck): TopicConfigDefinition {
  return { type: 'int', default: value, check }
}

function replicaList(name: string): TopicConfigDefinition {
  return { type: 'list', default: '', check: replicas(name) }
}

const flag: TopicConfigDefinition = { type: 'boolean', default: 'false' }

/** Every topic setting of Kafka 4.3, and Pabal's own, by name. */
export const topicConfigs: Readonly<Record<string, TopicConfigDefinition>> = {
  'cleanup.policy': { type: 'list', default: 'delete', check: listOf('compact', 'delete') },
  'compression.gzip.level': int('-1', gzipLevel),
  'compression.lz4.level': int('9', between(1, 17)),
  'compression.type': {
    type: 'string',
    default: 'producer',
    check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  },
  'compression.zstd.level': int('3', between(-131_072, 22)),
  'delete.retention.ms': long(dayMs, atLeast(0)),
  // KIP-1191, of Kafka 4.4: share groups may put their dead letters there.
  'errors.deadletterqueue.group.enable': flag,
  'file.delete.delay.ms': long('60000', atLeast(0)),
  'flush.messages': long(max64, atLeast(1)),
  'flush.ms': long(max64, atLeast(0)),
  'follower.replication.throttled.replicas': replicaList('follower.replication.throttled.replicas'),
  'index.interval.bytes': int('4096', atLeast(0)),
  'leader.replication.throttled.replicas': replicaList('leader.replication.throttled.replicas'),
  'local.retention.bytes': long('-2', atLeast(-2)),
  'local.retention.ms': long('-2', atLeast(-2)),
  'max.compaction.lag.ms': long(max64, atLeast(1)),
  'max.message.bytes': int('1048588', atLeast(0)),
  'message.timestamp.after.max.ms': long(hourMs, atLeast(0)),
  'message.timestamp.before.max.ms': long(max64, atLeast(0)),
  'message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    check: oneOf('CreateTime', 'LogAppendTime'),
  },
  'min.cleanable.dirty.ratio': { type: 'double', default: '0.5', check: between(0, 1) },
  'min.compaction.lag.ms': long('0', atLeast(0)),
  'min.insync.replicas': int('1', atLeast(1)),
  // Pabal's own; `default` is what the broker's --profile says.
  'pabal.profile': {
    type: 'string',
    default: 'default',
    check: oneOf('default', 'latency', 'throughput'),
  },
  preallocate: flag,
  'remote.log.copy.disable': flag,
  'remote.log.delete.on.disable': flag,
  'remote.storage.enable': flag,
  'retention.bytes': { type: 'long', default: '-1' },
  'retention.ms': long(weekMs, atLeast(-1)),
  'segment.bytes': int('1073741824', atLeast(1024 ** 2)),
  'segment.index.bytes': int('10485760', atLeast(4)),
  'segment.jitter.ms': long('0', atLeast(0)),
  'segment.ms': long(weekMs, atLeast(1)),
  'unclean.leader.election.enable': flag,
}

/** Gone since Kafka 4.0; old tools still send them. */
const ignoredConfigs: ReadonlySet<string> = new Set([
  'message.format.version',
  'message.downconversion.enable',
  'message.timestamp.difference.max.ms',
])

/**
 * The value as it is kept. Throws `invalid_config` in Kafka's words when the setting is unknown or the
 * value is not allowed.
 */
export function parseTopicConfig(name: string, text: string): string {
  if (ignoredConfigs.has(name)) return text
  const definition = Object.hasOwn(topicConfigs, name) ? topicConfigs[name] : undefined
  if (definition === undefined) {
    throw new BrokerError('invalid_config', `Unknown topic config name: ${name}`)
  }
  return parseSettingValue(name, text, definition)
}

/**
 * All settings of a topic together, as they are kept. Throws what `parseTopicConfig` throws, and for
 * values that contradict each other.
 */
export function parseTopicConfigs(
  configs: Readonly<Record<string, string>>,
): Record<string, string> {
  const parsed: Record<string, string> = {}
  for (const [name, text] of Object.entries(configs)) parsed[name] = parseTopicConfig(name, text)
  const all = new TopicConfig(parsed)
  const [least, most] = [all.get('min.compaction.lag.ms'), all.get('max.compaction.lag.ms')]
  if (Number(least) > Number(most)) {
    throw new BrokerError(
      'invalid_config',
      `conflict topic config setting min.compaction.lag.ms (${least}) > max.compaction.lag.ms (${most})`,
    )
  }
  if (all.get('remote.storage.enable') === 'true') {
    throw new BrokerError(
      'invalid_config',
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
  }
  return parsed
}

const noPolicy: Readonly<Record<string, string>> = {}

/** The settings of one topic: what policies say, over those it has, over the broker's for all topics, over Kafka's. */
export class TopicConfig {
  readonly #overrides: Map<string, string>
  readonly #defaults: TopicDefaults
  readonly #policy: Readonly<Record<string, string>>

  constructor(
    overrides: Readonly<Record<string, string>>,
    defaults: TopicDefaults = noTopicDefaults,
    policy: Readonly<Record<string, string>> = noPolicy,
  ) {
    this.#overrides = new Map(Object.entries(overrides))
    this.#defaults = defaults
    this.#policy = policy
  }

  /** With other settings of its own, over the same defaults. */
  with(overrides: Readonly<Record<string, string>>): TopicConfig {
    return new TopicConfig(overrides, this.#defaults, this.#policy)
  }

  /** With other settings from policies, which win over its own. */
  withPolicy(policy: Readonly<Record<string, string>>): TopicConfig {
    return new TopicConfig(this.overrides, this.#defaults, policy)
  }

  /** As it is without policies. */
  get declared(): TopicConfig {
    return this.withPolicy(noPolicy)
  }

  get overrides(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#overrides)
  }

  /** What is other than the defaults, whoever says so. */
  get effective(): Readonly<Record<string, string>> {
    return { ...this.overrides, ...this.#policy }
  }

  isOverridden(name: string): boolean {
    return this.#overrides.has(name) || Object.hasOwn(this.#policy, name)
  }

  /** What decides on a setting. */
  originOf(name: string): 'policy' | 'own' | 'broker' | 'default' {
    if (Object.hasOwn(this.#policy, name)) return 'policy'
    if (this.#overrides.has(name)) return 'own'
    return this.#defaults.get(name) === undefined ? 'default' : 'broker'
  }

  get(name: string): string {
    return (
      this.#policy[name] ??
      this.#overrides.get(name) ??
      this.#defaults.get(name) ??
      topicConfigs[name]?.default ??
      ''
    )
  }

  /** Milliseconds records are kept; Infinity for ever. */
  get retentionMs(): number {
    return unlimitedBelowZero(this.get('retention.ms'))
  }

  /** Bytes a partition may take; Infinity for no limit. */
  get retentionSize(): number {
    return unlimitedBelowZero(this.get('retention.bytes'))
  }

  get isDeleting(): boolean {
    return this.get('cleanup.policy').includes('delete')
  }

  get isCompacted(): boolean {
    return this.get('cleanup.policy').includes('compact')
  }

  /** How long tombstones stay once compaction has seen them, in milliseconds. */
  get deleteRetentionMs(): number {
    return Number(this.get('delete.retention.ms'))
  }

  /** Records are compacted when this share of the bytes is dirty … */
  get cleanableRatioMin(): number {
    return Number(this.get('min.cleanable.dirty.ratio'))
  }

  /** … none that is younger than this, in milliseconds … */
  get compactionLagMsMin(): number {
    return Number(this.get('min.compaction.lag.ms'))
  }

  /** … and whatever the share, when one is dirty for longer than this. */
  get compactionLagMsMax(): number {
    return Number(this.get('max.compaction.lag.ms'))
  }

  /** The newest records, up to this age and `segmentSize`, are not compacted. */
  get segmentMs(): number {
    return Number(this.get('segment.ms'))
  }

  get batchSizeMax(): number {
    return Number(this.get('max.message.bytes'))
  }

  /** No batch may be larger, though segments here have a size of their own. */
  get segmentSize(): number {
    return Number(this.get('segment.bytes'))
  }

  /** What writing its records is built for; undefined: what the broker's setting says. */
  get profile(): LogProfile | undefined {
    const profile = this.get('pabal.profile')
    return profile === 'default' ? undefined : (profile as LogProfile)
  }

  get usesAppendTime(): boolean {
    return this.get('message.timestamp.type') === 'LogAppendTime'
  }

  /** How far a record's timestamp may lie before and after the broker's time, in milliseconds. */
  get timestampBeforeMsMax(): number {
    return Number(this.get('message.timestamp.before.max.ms'))
  }

  get timestampAfterMsMax(): number {
    return Number(this.get('message.timestamp.after.max.ms'))
  }
}

function unlimitedBelowZero(value: string): number {
  const number = Number(value)
  return number < 0 ? Infinity : number
}
