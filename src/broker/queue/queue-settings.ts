// What the arguments of a work queue ask for, read once when it is made. The rest of the broker asks
// these settings and never an argument.
import type { FieldTable, FieldValue } from '../../record/message/field-table.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

/** Where a queue's dead messages go. */
export interface DeadLetterSettings {
  readonly exchange: string
  /** Undefined: by the keys they were published with. */
  readonly routingKey: string | undefined
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
}

/** `args` have been checked by `checkQueueDeclaration`. */
export function readQueueSettings(args: FieldTable): QueueSettings {
  const exchange = textOf(args.get('x-dead-letter-exchange'))
  const routingKey = textOf(args.get('x-dead-letter-routing-key'))
  return {
    messageTtlMs: numberOf(args.get('x-message-ttl')),
    expiresMs: numberOf(args.get('x-expires')),
    lengthMax: numberOf(args.get('x-max-length')) ?? Infinity,
    sizeMax: numberOf(args.get('x-max-length-bytes')) ?? Infinity,
    overflow: (textOf(args.get('x-overflow')) as Overflow | undefined) ?? 'drop-head',
    deadLetter: exchange === undefined ? undefined : { exchange, routingKey },
  }
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
