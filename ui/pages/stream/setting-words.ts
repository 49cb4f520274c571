// Settings of streams in a reader's words.
import type { StreamSettingJson } from '../../../src/admin/v1/stream-settings.ts'
import { bytes, count, duration, rate } from '../../lib/format.ts'

/** Short, as users of RabbitMQ and Kafka know them; the name itself shows on hover. */
const labels: Readonly<Record<string, string>> = {
  'message-ttl': 'Message TTL',
  expires: 'Expires when unused',
  'max-length': 'Max length',
  'max-length-bytes': 'Max bytes',
  overflow: 'Overflow',
  'dead-letter-exchange': 'Dead letter exchange',
  'dead-letter-routing-key': 'Dead letter routing key',
  'dead-letter-strategy': 'Dead letter strategy',
  'delivery-limit': 'Delivery limit',
  'delayed-retry-type': 'Delayed retry',
  'delayed-retry-min': 'Retry delay, least',
  'delayed-retry-max': 'Retry delay, most',
  'consumer-timeout': 'Consumer timeout',
  'max-publish-rate': 'Publish rate limit',
  'max-publish-bytes-rate': 'Publish bytes limit',
  'retention-ms': 'Acked kept, time',
  'retention-bytes': 'Acked kept, size',
  'x-message-deduplication': 'Deduplication',
  'order-by-key': 'Order by key',
  profile: 'Profile',
  'single-active-consumer': 'Single active consumer',
  'max-priority': 'Max priority',
  source: 'Source topic',
  'source-offset': 'Source offset',
  'retention.ms': 'Retention time',
  'retention.bytes': 'Retention size of a partition',
  'cleanup.policy': 'Cleanup policy',
  'max.message.bytes': 'Max batch size',
  'message.timestamp.type': 'Timestamps',
  'pabal.profile': 'Profile',
  'min.cleanable.dirty.ratio': 'Compacted from this dirty share on',
  'min.compaction.lag.ms': 'Compacted no sooner than after',
  'max.compaction.lag.ms': 'Compacted no later than after',
  'delete.retention.ms': 'Tombstones kept',
  'segment.ms': 'Active part, time',
  'segment.bytes': 'Active part, size',
}

export function settingLabel(name: string): string {
  return labels[name] ?? name
}

const none: Readonly<Record<string, string>> = {
  'message-ttl': 'no limit',
  expires: 'never',
  'max-length': 'no limit',
  'dead-letter-exchange': 'nowhere: they are dropped',
}

const words: Readonly<Record<string, string>> = {
  'drop-head': 'the oldest go',
  'reject-publish': 'new ones are refused',
  'reject-publish-dlx': 'new ones are refused, and die',
  delete: 'deleted',
  compact: 'compacted',
  'compact,delete': 'compacted, and old ones deleted',
  'delete,compact': 'compacted, and old ones deleted',
  CreateTime: 'as its producer says',
  LogAppendTime: 'when it came in',
  'at-most-once': 'dropped where no queue takes them',
  'at-least-once': 'kept until a queue takes them',
}

/** `7 d`, `no limit`, `the oldest go`. */
export function settingValue({ name, value }: Pick<StreamSettingJson, 'name' | 'value'>): string {
  if (value === null) return none[name] ?? 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const number = Number(value)
  if (value === '' || Number.isNaN(number)) return textValue(name, String(value))
  return numberValue(name, number)
}

function numberValue(name: string, number: number): string {
  if (number < 0 || number > Number.MAX_SAFE_INTEGER) return 'no limit'
  if (name === 'min.cleanable.dirty.ratio') return `${Math.round(number * 100)} %`
  if (/ms$|ttl$|expires$|timeout$|retry-m/.test(name)) return duration(number)
  if (name === 'max-publish-rate') return rate(number)
  if (/bytes/.test(name)) return bytes(number)
  return count(number)
}

function textValue(name: string, value: string): string {
  if (name === 'dead-letter-exchange' && value === '') return 'the default one'
  return words[value] ?? value
}

/** What decided on it. */
export function originWords({ origin, policy }: StreamSettingJson): string {
  if (policy !== null) return `${origin} ${policy}`
  if (origin === 'argument') return 'its declaration'
  if (origin === 'setting') return 'its own setting'
  return origin === 'broker' ? 'the broker’s setting' : 'default'
}
