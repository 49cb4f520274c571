// The settings of one stream as they are in effect, each with what decided on it and how it can be changed.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import { policyKeys } from '../../broker/policy/policy-keys.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { VHost } from '../../broker/vhost.ts'
import { nameFromBytes } from '../../record/message/name-bytes.ts'

export type SettingOrigin =
  | 'argument'
  | 'setting'
  | 'policy'
  | 'operator policy'
  | 'broker'
  | 'default'

export interface StreamSettingJson {
  readonly name: string
  /** Null: there is none, such as no limit. */
  readonly value: string | number | boolean | null
  readonly origin: SettingOrigin
  /** Of the policy. */
  readonly policy: string | null
  readonly change: 'setting' | 'policy' | 'never'
}

export const settingSchema: z.ZodType<StreamSettingJson> = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]).nullable(),
  origin: z.enum(['argument', 'setting', 'policy', 'operator policy', 'broker', 'default']),
  policy: z.string().nullable().describe('Its name'),
  change: z
    .enum(['setting', 'policy', 'never'])
    .describe('How: by PUT …/settings, by a policy, or not while the stream is there'),
})

export function settingsOf(stream: Destination, vhost: VHost<Destination>): StreamSettingJson[] {
  return stream.kind === 'topic' ? topicSettings(stream, vhost) : queueSettings(stream, vhost)
}

/** What Pabal acts on, of a topic. */
const topicNames = [
  'retention.ms',
  'retention.bytes',
  'cleanup.policy',
  'max.message.bytes',
  'message.timestamp.type',
  'pabal.profile',
] as const

/** The same, where it is compacted. */
const compactedNames = [
  'min.cleanable.dirty.ratio',
  'min.compaction.lag.ms',
  'max.compaction.lag.ms',
  'delete.retention.ms',
  'segment.ms',
  'segment.bytes',
] as const

/** A topic's setting → the key of policies for it. */
const keysOfTopics: Readonly<Record<string, string>> = {
  'retention.ms': 'max-age',
  'retention.bytes': 'max-length-bytes',
  'pabal.profile': 'profile',
}

const topicOrigins = {
  policy: 'policy',
  own: 'setting',
  broker: 'broker',
  default: 'default',
} as const

function topicSettings(topic: Topic, vhost: VHost<Destination>): StreamSettingJson[] {
  const { config } = topic
  const names = new Set<string>([
    ...topicNames,
    ...(config.isCompacted ? compactedNames : []),
    ...Object.keys(config.overrides),
  ])
  return Array.from(names, (name) => {
    const origin = topicOrigins[config.originOf(name)]
    const shown = { name, value: config.get(name), change: 'setting' } as const
    if (origin !== 'policy') return { ...shown, origin, policy: null }
    const { origin: whose, policy } = policyFor(topic, vhost, keysOfTopics[name] ?? name)
    // Until the policy is gone, a change has no effect.
    return { ...shown, origin: whose, policy, change: 'policy' }
  })
}

/** The value that a queue acts on, by the key of policies for it. */
const queueKeys: Readonly<Record<string, (queue: Queue) => unknown>> = {
  'message-ttl': ({ settings }) => settings.messageTtlMs,
  expires: ({ settings }) => settings.expiresMs,
  'max-length': ({ settings }) => finite(settings.lengthMax),
  'max-length-bytes': ({ settings }) => finite(settings.sizeMax),
  overflow: ({ settings }) => settings.overflow,
  'dead-letter-exchange': ({ settings }) => settings.deadLetter?.exchange,
  'dead-letter-routing-key': ({ settings }) => settings.deadLetter?.routingKey,
  'dead-letter-strategy': ({ settings, type }) =>
    type === 'quorum' && settings.deadLetter !== undefined
      ? settings.deadLetter.keepsUnroutable
        ? 'at-least-once'
        : 'at-most-once'
      : undefined,
  'delivery-limit': ({ settings }) => settings.deliveryLimit,
  'delayed-retry-type': ({ settings }) => settings.delayedRetry?.type,
  'delayed-retry-min': ({ settings }) => settings.delayedRetry?.minMs,
  'delayed-retry-max': ({ settings }) => settings.delayedRetry?.maxMs,
  'consumer-timeout': ({ settings }) => finite(settings.consumerTimeoutMs),
  'max-publish-rate': (queue) => queue.settings.publishRate.messages,
  'max-publish-bytes-rate': (queue) => queue.settings.publishRate.bytes,
  'retention-ms': ({ settings }) => finite(settings.retention?.ms),
  'retention-bytes': ({ settings }) => finite(settings.retention?.sizeMax),
  'x-message-deduplication': ({ settings }) => settings.deduplicates || undefined,
  'order-by-key': ({ settings }) => settings.isOrderedByKey || undefined,
  profile: ({ settings }) => settings.profile,
}

/** Of arguments that policies have no say in. */
const fixedArguments = [
  'x-single-active-consumer',
  'x-max-priority',
  'x-source',
  'x-source-offset',
  'x-consumer-timeout',
] as const

/** Shown though it was not set: whoever looks wants to know that there is no limit. */
const alwaysShown: ReadonlySet<string> = new Set([
  'message-ttl',
  'max-length',
  'overflow',
  'dead-letter-exchange',
])

function queueSettings(queue: Queue, vhost: VHost<Destination>): StreamSettingJson[] {
  const settings: StreamSettingJson[] = []
  for (const [key, read] of Object.entries(queueKeys)) {
    const value = readable(read(queue))
    if (value === null && !alwaysShown.has(key)) continue
    const policyKey = policyKeys[key]
    const isFit = policyKey !== undefined && policyKey.unfit?.includes(queue.type) !== true
    const change = isFit ? 'policy' : 'never'
    settings.push({ name: key, value, change, ...originOf(queue, vhost, { key, value }) })
  }
  for (const name of fixedArguments) {
    const value = queue.arguments.get(name)?.value
    if (value === undefined || settings.some((setting) => `x-${setting.name}` === name)) continue
    settings.push({
      name: name.slice(2),
      value: readable(value),
      origin: 'argument',
      policy: null,
      change: 'never',
    })
  }
  return settings
}

type Origin = Pick<StreamSettingJson, 'origin' | 'policy'>

function originOf(
  queue: Queue,
  vhost: VHost<Destination>,
  { key, value }: { readonly key: string; readonly value: StreamSettingJson['value'] },
): Origin {
  const argument = queue.arguments.get(key.startsWith('x-') ? key : `x-${key}`)?.value
  if (argument !== undefined && readable(argument) === value)
    return { origin: 'argument', policy: null }
  if (value !== null && queue.policy?.definition[key] !== undefined)
    return policyFor(queue, vhost, key)
  return { origin: 'default', policy: null }
}

/** Which of both policies: an operator's wins where it has the value that counts. */
function policyFor({ policy }: Destination, vhost: VHost<Destination>, key: string): Origin {
  const { policy: users = null, operatorPolicy = null, definition } = policy ?? {}
  const operators =
    operatorPolicy === null ? undefined : vhost.policies.find(true, operatorPolicy)?.definition
  const isOperators = operators?.[key] !== undefined && operators[key] === definition?.[key]
  return isOperators
    ? { origin: 'operator policy', policy: operatorPolicy }
    : { origin: 'policy', policy: users }
}

function finite(value: number | undefined): number | undefined {
  return value === Infinity ? undefined : value
}

function readable(value: unknown): StreamSettingJson['value'] {
  if (typeof value === 'bigint') return Number(value)
  if (Buffer.isBuffer(value)) return nameFromBytes(value)
  const isPlain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isPlain ? value : null
}
