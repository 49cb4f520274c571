// What the arguments of a work queue ask for, read once when it is made. The rest of the broker asks
// these settings and never an argument.
import type { FieldTable, FieldValue } from '../../record/message/field-table.ts'
import type { QueueType } from '../queue-arguments.ts'
import { classicPriorities, type Priorities, quorumPriorities } from './priorities.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

/** Where a queue's dead messages go. */
export interface DeadLetterSettings {
  readonly exchange: string
  /** Undefined: by the keys they were published with. */
  readonly routingKey: string | undefined
}

/** Which messages that come back wait before their next try, and how long: the lower time for each that it came back. */
export interface DelayedRetry {
  /** Those that consumers failed with, those that they gave back, or all. */
  readonly type: 'all' | 'failed' | 'returned'
  readonly minMs: number
  readonly maxMs: number
}

export interface QueueSettings {
  /** How long a message may wait; undefined for ever, 0 only as long as it takes to deliver it. */
  readonly messageTtlMs: number | undefined
  /** How long the queue may be unused. */
  readonly expiresMs: number | undefined
  /** Ready messages, and the bytes of their bodies; Infinity for no limit. */
  readonly lengthMax: number
  readonly sizeMax: number
  readonly overflow: Overflow
  readonly deadLetter: DeadLetterSettings | undefined
  /** How often a message may come back before it is dead; undefined for any number. */
  readonly deliveryLimit: number | undefined
  readonly delayedRetry: DelayedRetry | undefined
  /** Undefined when all messages are equal. Never changes. */
  readonly priorities: Priorities | undefined
}

/** Of quorum queues. Source: RabbitMQ 4.0, rabbit_quorum_queue.erl. */
const deliveryLimitDefault = 20

/** `args` have been checked by `checkQueueDeclaration`. */
export function readQueueSettings(type: QueueType, args: FieldTable): QueueSettings {
  const exchange = textOf(args.get('x-dead-letter-exchange'))
  const routingKey = textOf(args.get('x-dead-letter-routing-key'))
  return {
    messageTtlMs: numberOf(args.get('x-message-ttl')),
    expiresMs: numberOf(args.get('x-expires')),
    lengthMax: numberOf(args.get('x-max-length')) ?? Infinity,
    sizeMax: numberOf(args.get('x-max-length-bytes')) ?? Infinity,
    overflow: (textOf(args.get('x-overflow')) as Overflow | undefined) ?? 'drop-head',
    deadLetter: exchange === undefined ? undefined : { exchange, routingKey },
    deliveryLimit: type === 'quorum' ? readDeliveryLimit(args) : undefined,
    delayedRetry: readDelayedRetry(args),
    priorities:
      type === 'quorum'
        ? quorumPriorities
        : classicPriorities(numberOf(args.get('x-max-priority')) ?? 0),
  }
}

/** Below zero: none. */
function readDeliveryLimit(args: FieldTable): number | undefined {
  const limit = numberOf(args.get('x-delivery-limit')) ?? deliveryLimitDefault
  return limit < 0 ? undefined : limit
}

/** Without a time there is no delay, and the upper one is the lower one when it is not given. */
function readDelayedRetry(args: FieldTable): DelayedRetry | undefined {
  const type = textOf(args.get('x-delayed-retry-type')) ?? 'disabled'
  const minMs = numberOf(args.get('x-delayed-retry-min')) ?? 0
  if (type === 'disabled' || minMs === 0) return undefined
  const maxMs = numberOf(args.get('x-delayed-retry-max')) ?? 0
  return { type: type as DelayedRetry['type'], minMs, maxMs: maxMs === 0 ? minMs : maxMs }
}

/** Whether a queue with these settings refuses messages when it is full. */
export function mayRefuse({ overflow, lengthMax, sizeMax }: QueueSettings): boolean {
  return overflow !== 'drop-head' && (lengthMax !== Infinity || sizeMax !== Infinity)
}

function numberOf(argument: FieldValue | undefined): number | undefined {
  return argument === undefined ? undefined : Number(argument.value)
}

function textOf(argument: FieldValue | undefined): string | undefined {
  return typeof argument?.value === 'string' ? argument.value : undefined
}
