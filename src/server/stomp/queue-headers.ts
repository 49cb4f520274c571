// What headers of SUBSCRIBE and SEND ask of a queue: RabbitMQ's queue arguments, and what it is.
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { FieldTable, type FieldValue } from '../../record/message/field-table.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { findBoolean, findInteger } from './read-header.ts'

/** Arguments of queues that headers may name, and what they are. */
const queueArguments: Readonly<Record<string, 'text' | 'integer' | 'boolean'>> = {
  'x-dead-letter-exchange': 'text',
  'x-dead-letter-routing-key': 'text',
  'x-expires': 'integer',
  'x-max-length': 'integer',
  'x-max-length-bytes': 'integer',
  'x-max-age': 'text',
  'x-max-priority': 'integer',
  'x-message-ttl': 'integer',
  'x-overflow': 'text',
  'x-queue-type': 'text',
  'x-stream-max-segment-size-bytes': 'integer',
  'x-stream-filter-size-bytes': 'integer',
  // Not in RabbitMQ's list.
  'x-dead-letter-strategy': 'text',
  'x-delivery-limit': 'integer',
  'x-single-active-consumer': 'boolean',
}

/** Undefined: the headers do not say it. */
export interface QueueHeaders {
  readonly durable: boolean | undefined
  readonly autoDelete: boolean | undefined
  readonly exclusive: boolean | undefined
  readonly arguments: FieldTable
}

/** Throws StompError for a number that is none. */
export function readQueueHeaders(headers: FrameHeaders): QueueHeaders {
  return {
    durable: findBoolean(headers, 'durable'),
    autoDelete: findBoolean(headers, 'auto-delete'),
    exclusive: findBoolean(headers, 'exclusive'),
    arguments: new FieldTable(
      Object.entries(queueArguments).flatMap(([name, kind]) => {
        const value = readers[kind](headers, name)
        return value === undefined ? [] : [{ name, value }]
      }),
    ),
  }
}

const askingHeaders: ReadonlySet<string> = new Set([
  'durable',
  'auto-delete',
  'exclusive',
  ...Object.keys(queueArguments),
])

/** Whether nothing is asked: then a queue that is there is good as it is. */
export function asksNothing({ names }: FrameHeaders): boolean {
  return !names.some((name) => askingHeaders.has(name))
}

/** Whether SUBSCRIBE or UNSUBSCRIBE is about a subscription that outlives its connection. */
export function isDurableSubscription(headers: FrameHeaders): boolean {
  return findBoolean(headers, 'durable') === true || findBoolean(headers, 'persistent') === true
}

const readers = { text: textValue, integer: integerValue, boolean: booleanValue } as const

function booleanValue(headers: FrameHeaders, name: string): FieldValue | undefined {
  const value = findBoolean(headers, name)
  return value === undefined ? undefined : { type: 'bool', value }
}

function textValue(headers: FrameHeaders, name: string): FieldValue | undefined {
  const text = headers.get(name)?.trim()
  return text === undefined ? undefined : { type: 'longstr', value: bytesOfName(text) }
}

function integerValue(headers: FrameHeaders, name: string): FieldValue | undefined {
  const value = findInteger(headers, name)
  return value === undefined ? undefined : { type: 'long', value }
}
