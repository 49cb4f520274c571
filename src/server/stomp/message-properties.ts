// Headers of SEND become the properties and headers of an AMQP message, and the other way round in MESSAGE, one to one
// as in RabbitMQ. What a header of SEND asks of the broker goes no further: there RabbitMQ hands it on to consumers.
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import type { StompVersion } from '../../codec/stomp/stomp-version.ts'
import { headerLine } from '../../codec/stomp/write-frame.ts'
import { decodeContentHeader } from '../../record/message/content-header.ts'
import { FieldTable, type FieldEntry, type FieldValue } from '../../record/message/field-table.ts'
import { bytesOfName, nameOf, sizeOfName } from '../../record/message/name-bytes.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import { retainHeader } from '../../record/message/published-topic.ts'
import { SHORTSTR_BYTES_MAX } from '../../record/message/wire-writer.ts'
import { hasPrefix } from './destination.ts'
import { asBoolean, findBoolean, findInteger } from './read-header.ts'
import { invalidHeader } from './stomp-error.ts'

type TextProperty = Exclude<
  keyof BasicProperties,
  'headers' | 'deliveryMode' | 'priority' | 'timestamp' | 'clusterId'
>

const textProperties: ReadonlyMap<string, TextProperty> = new Map([
  ['content-type', 'contentType'],
  ['content-encoding', 'contentEncoding'],
  ['correlation-id', 'correlationId'],
  ['reply-to', 'replyTo'],
  ['expiration', 'expiration'],
  ['amqp-message-id', 'messageId'],
  ['type', 'type'],
  ['user-id', 'userId'],
  ['app-id', 'appId'],
])

const otherProperties: ReadonlySet<string> = new Set(['persistent', 'priority', 'timestamp'])

/** Headers of SEND that are for the broker. */
const controls: ReadonlySet<string> = new Set([
  'destination',
  'receipt',
  'transaction',
  'content-length',
  'ack',
])

/** Headers that MESSAGE has of its own: what a message has under the same names does not count. */
const ownHeaders: ReadonlySet<string> = new Set([
  'subscription',
  'destination',
  'message-id',
  'redelivered',
  'ack',
  'content-length',
])

/** The properties of a message that SEND brings. Throws StompError for what cannot be one. */
export function propertiesOf(headers: FrameHeaders): BasicProperties {
  const texts: Partial<Record<TextProperty, string>> = {}
  const others: FieldEntry[] = []
  for (const [name, value] of headers.entries()) {
    const property = textProperties.get(name)
    if (property !== undefined) texts[property] = shortText(name, value)
    else if (!otherProperties.has(name) && !controls.has(name)) others.push(entryOf(name, value))
  }
  const [priority, timestamp] = [findOctet(headers), findTimestamp(headers)]
  return {
    ...texts,
    ...(others.length > 0 && { headers: new FieldTable(others) }),
    ...(findBoolean(headers, 'persistent') === true && { deliveryMode: 2 }),
    ...(priority !== undefined && { priority }),
    ...(timestamp !== undefined && { timestamp }),
  }
}

function shortText(name: string, value: string): string {
  if (sizeOfName(value) <= SHORTSTR_BYTES_MAX) return value
  throw invalidHeader(name, `is longer than ${SHORTSTR_BYTES_MAX} bytes`)
}

function entryOf(name: string, value: string): FieldEntry {
  if (sizeOfName(name) > SHORTSTR_BYTES_MAX) {
    throw invalidHeader(
      `${name.slice(0, 50)}…`,
      `is a name of more than ${SHORTSTR_BYTES_MAX} bytes`,
    )
  }
  if (name === retainHeader && asBoolean(value) !== undefined) {
    return { name, value: { type: 'bool', value: asBoolean(value) === true } }
  }
  return { name, value: { type: 'longstr', value: bytesOfName(value) } }
}

function findOctet(headers: FrameHeaders): number | undefined {
  const priority = findInteger(headers, 'priority')
  if (priority === undefined || (priority >= 0 && priority <= 255)) return priority
  throw invalidHeader('priority', 'must be from 0 to 255')
}

function findTimestamp(headers: FrameHeaders): number | undefined {
  const timestamp = findInteger(headers, 'timestamp')
  if (timestamp === undefined || timestamp >= 0) return timestamp
  throw invalidHeader('timestamp', 'must not be negative')
}

/** The lines of MESSAGE that say what a stored content header does. */
export function headerLinesOf(
  { buffer, headerStart, headerEnd }: { buffer: Buffer; headerStart: number; headerEnd: number },
  version: StompVersion,
): string {
  const { properties } = decodeContentHeader(buffer, headerStart, headerEnd)
  let lines = ''
  for (const { name, value } of properties.headers?.entries ?? []) {
    const text = ownHeaders.has(name) ? undefined : textOfField(value)
    if (text !== undefined) lines += headerLine(name, text, version)
  }
  for (const [name, property] of textProperties) {
    const value = properties[property]
    if (value === undefined) continue
    lines += headerLine(name, name === 'reply-to' ? replyDestination(value) : value, version)
  }
  if (properties.priority !== undefined) lines += `priority:${properties.priority}\n`
  if (properties.timestamp !== undefined) lines += `timestamp:${properties.timestamp}\n`
  if (properties.deliveryMode === 2) lines += 'persistent:true\n'
  return lines
}

/** What an answer is sent to: a bare queue gets a destination. */
function replyDestination(replyTo: string): string {
  return hasPrefix(replyTo) ? replyTo : `/reply-queue/${replyTo}`
}

/** Undefined for what is no single value: lists, tables, bytes and nothing. */
function textOfField(field: FieldValue): string | undefined {
  switch (field.type) {
    case 'longstr':
      return nameOf(field)
    case 'array':
    case 'table':
    case 'binary':
    case 'decimal':
    case 'void':
      return undefined
    default:
      return String(field.value)
  }
}
