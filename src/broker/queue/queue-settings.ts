// What the arguments of a work queue and the policies that apply to it ask for, read once when either
// changes. The rest of the broker asks these settings and never an argument.
//
// Which of both counts is RabbitMQ's rule: of limits the lower one, of dead letters the argument's, and of
// overflow the argument's on classic queues and the policy's on quorum queues. Sources: 4.2,
// rabbit_amqqueue_process.erl (process_args_policy) and rabbit_quorum_queue.erl.
import type { LogProfile } from '../../log/log-profile.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { nameOf } from '../../record/message/name-bytes.ts'
import { consumerTimeoutOf } from '../consumer-timeout.ts'
import { lowerDeliveryLimit } from '../policy/policy-keys.ts'
import type { QueueType } from '../queue-arguments.ts'
import { type PublishRate, rateOf } from '../rate/publish-limit.ts'
import { classicPriorities, type Priorities, quorumPriorities } from './priorities.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

/** Where a queue's dead messages go. */
export interface DeadLetterSettings {
  readonly exchange: string
  /** Undefined: by the keys they were published with. */
  readonly routingKey: string | undefined
  /** Those that no queue takes are kept and tried again; otherwise they are dropped. */
  readonly keepsUnroutable: boolean
}

/** Which messages that come back wait before their next try, and how long: the lower time for each that it came back. */
export interface DelayedRetry {
  /** Those that consumers failed with, those that they gave back, or all. */
  readonly type: 'all' | 'failed' | 'returned'
  readonly minMs: number
  readonly maxMs: number
}

/** How long acked messages stay. */
export interface QueueRetention {
  /** Since they came in; Infinity for ever. */
  readonly ms: number
  /** Of the queue's logs, each for itself; Infinity for no limit. */
  readonly sizeMax: number
}

export interface QueueSettings {
  /** How long a message may wait; undefined for ever, 0 only as long as it takes to deliver it. */
  readonly messageTtlMs: number | undefined
  /** How long the queue may be unused. */
  readonly expiresMs: number | undefined
  /** Ready messages, and the bytes of their bodies; Infinity for no limit, as the latter of queues with a source. */
  readonly lengthMax: number
  readonly sizeMax: number
  readonly overflow: Overflow
  readonly deadLetter: DeadLetterSettings | undefined
  /** How often a message may come back before it is dead; undefined for any number. */
  readonly deliveryLimit: number | undefined
  readonly delayedRetry: DelayedRetry | undefined
  /** Undefined when all messages are equal. Never changes. */
  readonly priorities: Priorities | undefined
  /** Of queues with a source: the highest priority, or 0 for none. Never changes. */
  readonly sourcePriorityMax: number
  /** How long a delivery may stay unacked; Infinity: for ever. */
  readonly consumerTimeoutMs: number
  /** What writing its messages is built for; undefined: what the broker's setting says. */
  readonly profile: LogProfile | undefined
  /** How fast messages may be published into it. */
  readonly publishRate: PublishRate
  /** A message with the id of one that is in the queue is dropped. */
  readonly deduplicates: boolean
  /** One message of a key is out at a time: see `KeyOrder`. */
  readonly isOrderedByKey: boolean
  /** One consumer at a time gets messages. */
  readonly hasSingleActiveConsumer: boolean
  /** Undefined: what is acked is not kept. Only durable queues act on it. */
  readonly retention: QueueRetention | undefined
}

/** Of quorum queues. Source: RabbitMQ 4.0, rabbit_quorum_queue.erl. */
const deliveryLimitDefault = 20

const noPolicy: PolicyDefinition = {}

/** `args` have been checked by `checkQueueDeclaration`, `policy` by `checkPolicy`. */
export function readQueueSettings(
  type: QueueType,
  args: FieldTable,
  policy: PolicyDefinition = noPolicy,
): QueueSettings {
  const both = new BothSources(args, policy)
  const exchange = both.ownText('dead-letter-exchange')
  const routingKey = both.ownText('dead-letter-routing-key')
  const hasSource = args.has('x-source')
  const overflow = type === 'quorum' ? both.policyText('overflow') : both.ownText('overflow')
  return {
    messageTtlMs: both.lower('message-ttl'),
    expiresMs: both.lower('expires'),
    lengthMax: both.lower('max-length') ?? Infinity,
    sizeMax: hasSource ? Infinity : (both.lower('max-length-bytes') ?? Infinity),
    overflow: (overflow as Overflow | undefined) ?? 'drop-head',
    deadLetter:
      exchange === undefined
        ? undefined
        : { exchange, routingKey, keepsUnroutable: keepsUnroutable(type, both) },
    deliveryLimit: type === 'quorum' ? readDeliveryLimit(both) : undefined,
    delayedRetry: readDelayedRetry(both),
    priorities: hasSource ? undefined : readPriorities(type, args),
    sourcePriorityMax: hasSource ? Number(args.get('x-max-priority')?.value ?? 0) : 0,
    consumerTimeoutMs: consumerTimeoutOf(args, policy),
    profile: both.ownText('profile') as LogProfile | undefined,
    publishRate: rateOf(both.lower('max-publish-rate'), both.lower('max-publish-bytes-rate')),
    deduplicates: readDeduplicates(args, policy),
    isOrderedByKey: readOrderedByKey(args, policy),
    hasSingleActiveConsumer: args.get('x-single-active-consumer')?.value === true,
    retention: readRetention(both),
  }
}

/** Arguments and policy, by the names that policies have for settings. */
class BothSources {
  readonly #args: FieldTable
  readonly #policy: PolicyDefinition

  constructor(args: FieldTable, policy: PolicyDefinition) {
    this.#args = args
    this.#policy = policy
  }

  /** The argument's text, else the policy's. */
  ownText(key: string): string | undefined {
    return this.#argumentText(key) ?? this.#textOfPolicy(key)
  }

  /** The policy's text, else the argument's. */
  policyText(key: string): string | undefined {
    return this.#textOfPolicy(key) ?? this.#argumentText(key)
  }

  /** The only number, or what `choose` makes of both. */
  lower(key: string, choose: (a: number, b: number) => number = Math.min): number | undefined {
    const argument = this.#args.get(`x-${key}`)
    const own = argument === undefined ? undefined : Number(argument.value)
    const others = this.#policy[key] as number | undefined
    return own === undefined || others === undefined ? (own ?? others) : choose(own, others)
  }

  #argumentText(key: string): string | undefined {
    return nameOf(this.#args.get(`x-${key}`))
  }

  #textOfPolicy(key: string): string | undefined {
    return this.#policy[key] as string | undefined
  }
}

/** What is kept must be bounded, so RabbitMQ keeps nothing in a queue that does not refuse messages. */
function keepsUnroutable(type: QueueType, both: BothSources): boolean {
  return (
    type === 'quorum' &&
    both.ownText('dead-letter-strategy') === 'at-least-once' &&
    both.policyText('overflow') === 'reject-publish'
  )
}

function readPriorities(type: QueueType, args: FieldTable): Priorities | undefined {
  if (type === 'quorum') return quorumPriorities
  return classicPriorities(Number(args.get('x-max-priority')?.value ?? 0))
}

/**
 * As RabbitMQ's plugin has it, the policy wins, and any argument but `false` asks for it (0.7,
 * rabbit_message_deduplication_queue.ex, dedup_arg?).
 */
function readDeduplicates(args: FieldTable, policy: PolicyDefinition): boolean {
  const key = 'x-message-deduplication'
  const isDeclared = args.has(key) && args.get(key)?.value !== false
  return (policy[key] as boolean | undefined) ?? isDeclared
}

/** The policy wins. */
function readOrderedByKey(args: FieldTable, policy: PolicyDefinition): boolean {
  return (
    (policy['order-by-key'] as boolean | undefined) ?? args.get('x-order-by-key')?.value === true
  )
}

/** Below zero: none. */
function readDeliveryLimit(both: BothSources): number | undefined {
  const limit = both.lower('delivery-limit', lowerDeliveryLimit) ?? deliveryLimitDefault
  return limit < 0 ? undefined : limit
}

/** Without a time there is no delay, and the upper one is the lower one when it is not given. */
function readDelayedRetry(both: BothSources): DelayedRetry | undefined {
  const type = both.policyText('delayed-retry-type') ?? 'disabled'
  const minMs = both.lower('delayed-retry-min') ?? 0
  if (type === 'disabled' || minMs === 0) return undefined
  const maxMs = both.lower('delayed-retry-max') ?? 0
  return { type: type as DelayedRetry['type'], minMs, maxMs: maxMs === 0 ? minMs : maxMs }
}

function readRetention(both: BothSources): QueueRetention | undefined {
  const [ms, sizeMax] = [both.lower('retention-ms'), both.lower('retention-bytes')]
  if (ms === undefined && sizeMax === undefined) return undefined
  return { ms: ms ?? Infinity, sizeMax: sizeMax ?? Infinity }
}

/** Whether a queue with these settings refuses messages when it is full. */
export function mayRefuse({ overflow, lengthMax, sizeMax, deadLetter }: QueueSettings): boolean {
  const isLimited = lengthMax !== Infinity || sizeMax !== Infinity
  return overflow !== 'drop-head' && (isLimited || deadLetter?.keepsUnroutable === true)
}

/** Whether anything may leave a queue with these settings by itself. */
export function hasDepartures({
  messageTtlMs,
  lengthMax,
  sizeMax,
  overflow,
}: QueueSettings): boolean {
  const isLimited = lengthMax !== Infinity || sizeMax !== Infinity
  return messageTtlMs !== undefined || (isLimited && overflow === 'drop-head')
}
