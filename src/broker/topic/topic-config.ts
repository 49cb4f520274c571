// The settings of a topic, by Kafka's names, with Kafka 4.2's defaults. Those that this broker acts
// on have getters; the others are kept and shown, because tools set and read them.
// Source: Kafka's TopicConfig and LogConfig.
import { BrokerError } from '../broker-error.ts'

/** Kinds of values, as DescribeConfigs names them. */
export type ConfigType = 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list'

export interface TopicConfigDefinition {
  readonly type: ConfigType
  readonly default: string
  /** What values are allowed besides being of the type. */
  readonly check?: (value: string) => boolean
}

const max64 = '9223372036854775807'
const max32 = '2147483647'
const hourMs = '3600000'
const dayMs = '86400000'
const weekMs = '604800000'

const oneOf =
  (...allowed: string[]) =>
  (value: string): boolean =>
    allowed.includes(value)
const listOf =
  (...allowed: string[]) =>
  (value: string): boolean =>
    value === '' || value.split(',').every((item) => allowed.includes(item.trim()))
const atLeast =
  (least: number) =>
  (value: string): boolean =>
    Number(value) >= least
const between =
  (least: number, most: number) =>
  (value: string): boolean =>
    Number(value) >= least && Number(value) <= most

const long = (value: string, check?: (text: string) => boolean): TopicConfigDefinition =>
  check === undefined ? { type: 'long', default: value } : { type: 'long', default: value, check }
const int = (value: string, check?: (text: string) => boolean): TopicConfigDefinition =>
  check === undefined ? { type: 'int', default: value } : { type: 'int', default: value, check }
const flag: TopicConfigDefinition = { type: 'boolean', default: 'false' }

/** Every topic setting of Kafka 4.2, by name. */
export const topicConfigs: Readonly<Record<string, TopicConfigDefinition>> = {
  'cleanup.policy': { type: 'list', default: 'delete', check: listOf('delete', 'compact') },
  'compression.gzip.level': int('-1', between(-1, 9)),
  'compression.lz4.level': int('9', between(1, 17)),
  'compression.type': {
    type: 'string',
    default: 'producer',
    check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  },
  'compression.zstd.level': int('3', between(-131_072, 22)),
  'delete.retention.ms': long(dayMs, atLeast(0)),
  'file.delete.delay.ms': long('60000', atLeast(0)),
  'flush.messages': long(max64, atLeast(1)),
  'flush.ms': long(max64, atLeast(0)),
  'follower.replication.throttled.replicas': { type: 'list', default: '' },
  'index.interval.bytes': int('4096', atLeast(0)),
  'leader.replication.throttled.replicas': { type: 'list', default: '' },
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
  preallocate: flag,
  'remote.log.copy.disable': flag,
  'remote.log.delete.on.disable': flag,
  'remote.storage.enable': flag,
  'retention.bytes': long('-1', atLeast(-1)),
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

/** Throws `invalid_config` in Kafka's words when a setting is unknown or its value is not allowed. */
export function checkTopicConfig(name: string, value: string): void {
  if (ignoredConfigs.has(name)) return
  const definition = Object.hasOwn(topicConfigs, name) ? topicConfigs[name] : undefined
  if (definition === undefined) {
    throw new BrokerError('invalid_config', `Unknown topic config name: ${name}`)
  }
  if (isOfType(definition.type, value) && (definition.check?.(value) ?? true)) return
  throw new BrokerError('invalid_config', `Invalid value ${value} for configuration ${name}`)
}

function isOfType(type: ConfigType, value: string): boolean {
  switch (type) {
    case 'boolean':
      return value === 'true' || value === 'false'
    case 'int':
      return isInteger(value) && BigInt(value) <= BigInt(max32)
    case 'long':
      return isInteger(value) && BigInt(value) <= BigInt(max64)
    case 'double':
      return value.trim() !== '' && Number.isFinite(Number(value))
    default:
      return true
  }
}

function isInteger(value: string): boolean {
  return /^[+-]?\d{1,19}$/.test(value)
}

/** The settings of one topic: what was set, over the defaults. */
export class TopicConfig {
  readonly #overrides: Map<string, string>

  constructor(overrides: Readonly<Record<string, string>>) {
    this.#overrides = new Map(Object.entries(overrides))
  }

  get overrides(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#overrides)
  }

  isOverridden(name: string): boolean {
    return this.#overrides.has(name)
  }

  get(name: string): string {
    return this.#overrides.get(name) ?? topicConfigs[name]?.default ?? ''
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

  get batchSizeMax(): number {
    return Number(this.get('max.message.bytes'))
  }

  /** No batch may be larger, though segments here have a size of their own. */
  get segmentSize(): number {
    return Number(this.get('segment.bytes'))
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
