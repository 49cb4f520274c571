// Settings of streams in a reader's words.
import type { StreamSettingJson } from '../../../src/admin/v1/stream-settings.ts'
import { bytes, count, duration, rate } from '../../lib/format.ts'

/** What a setting does, in a few words. */
const labels: Readonly<Record<string, string>> = {
  'message-ttl': 'Messages live for',
  expires: 'Goes when unused for',
  'max-length': 'At most so many messages',
  'max-length-bytes': 'At most so many bytes',
  overflow: 'When it is full',
  'dead-letter-exchange': 'Dead letters go to the exchange',
  'dead-letter-routing-key': 'Dead letters go with the key',
  'dead-letter-strategy': 'Dead letters are',
  'delivery-limit': 'Deliveries of a message',
  'delayed-retry-type': 'What waits before it is tried again',
  'delayed-retry-min': 'It waits at least',
  'delayed-retry-max': 'It waits at most',
  'consumer-timeout': 'An ack may take',
  'max-publish-rate': 'Publishes a second, at most',
  'max-publish-bytes-rate': 'Bytes published a second, at most',
  'retention-ms': 'Acked messages are kept for',
  'retention-bytes': 'Acked messages are kept up to',
  'x-message-deduplication': 'Repeats are dropped',
  profile: 'Written for',
  'single-active-consumer': 'One consumer at a time',
  'max-priority': 'Priorities up to',
  source: 'Messages come from the topic',
  'source-offset': 'It began there at',
  'retention.ms': 'Messages are kept for',
  'retention.bytes': 'Bytes kept in a partition',
  'cleanup.policy': 'What is past it is',
  'max.message.bytes': 'Largest batch',
  'message.timestamp.type': 'Time of a message',
  'pabal.profile': 'Written for',
}

export function settingLabel(name: string): string {
  return labels[name] ?? name
}

const none: Readonly<Record<string, string>> = {
  'message-ttl': 'ever',
  'max-length': 'no limit',
  'dead-letter-exchange': 'nowhere: they are dropped',
}

const words: Readonly<Record<string, string>> = {
  'drop-head': 'the oldest go',
  'reject-publish': 'new ones are refused',
  'reject-publish-dlx': 'new ones are refused, and die',
  delete: 'deleted',
  compact: 'compacted',
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
  if (value === '' || Number.isNaN(number)) {
    if (name === 'dead-letter-exchange' && value === '') return 'the default one'
    return words[value] ?? String(value)
  }
  if (number < 0) return 'no limit'
  if (/ms$|ttl$|expires$|timeout$|retry-m/.test(name)) return duration(number)
  if (name === 'max-publish-rate') return rate(number)
  if (/bytes/.test(name)) return bytes(number)
  return count(number)
}

/** What decided on it. */
export function originWords({ origin, policy }: StreamSettingJson): string {
  if (policy !== null) return `${origin} ${policy}`
  if (origin === 'argument') return 'its declaration'
  if (origin === 'setting') return 'its own setting'
  return origin === 'broker' ? 'the broker’s setting' : 'default'
}
