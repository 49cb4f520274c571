// Events of a trace as lines for people: when, which message, what, where, and what belongs to it.
import type { Row } from './show-rows.ts'

export interface TraceEventRow extends Row {
  readonly sequence: number
  readonly at: number
  readonly message: number
  readonly event: string
}

const eventWidth = 'stream_deleted'.length

export function traceLine(event: TraceEventRow): string {
  const time = new Date(event.at).toISOString().slice(11, 23)
  const parts = [...placeOf(event), ...detailsOf(event)]
  return `${time}  #${event.message}  ${event.event.padEnd(eventWidth)}  ${parts.join('  ')}`.trimEnd()
}

function* placeOf({ stream, partition, offset }: Row): Generator<string> {
  if (stream === undefined) return
  const part = partition === undefined ? '' : `/${text(partition)}`
  yield `${text(stream)}${part}${offset === undefined ? '' : ` @${text(offset)}`}`
}

function* detailsOf(event: Row): Generator<string> {
  const { exchange, routing_key: key, group, reason, redelivered, no_ack: noAck } = event
  if (exchange !== undefined) {
    yield `${exchange === '' ? '(default)' : text(exchange)} → ${text(key)}`
  }
  if (group !== undefined) yield `group ${text(group)}`
  if (reason !== undefined) yield text(reason)
  if (redelivered === true) yield 'again'
  if (noAck === true) yield 'without ack'
  yield* partyOf(event)
  yield* identityOf(event)
}

function* partyOf({
  user,
  protocol,
  connection,
  consumer_tag: tag,
  client_id: id,
}: Row): Generator<string> {
  if (protocol === undefined) return
  yield `${text(user)} by ${text(protocol)}`
  if (id !== undefined) yield `client ${text(id)}`
  if (tag !== undefined) yield `consumer ${text(tag)}`
  if (connection !== undefined) yield text(connection)
}

function* identityOf({
  message_id: id,
  correlation_id: correlation,
  payload_bytes: size,
}: Row): Generator<string> {
  if (id !== undefined) yield `id ${text(id)}`
  if (correlation !== undefined) yield `correlation ${text(correlation)}`
  if (size !== undefined) yield `${text(size)} ${size === 1 ? 'byte' : 'bytes'}`
}

function text(value: unknown): string {
  return String(value)
}
