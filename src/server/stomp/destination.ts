// Destinations, as RabbitMQ's plugin reads and writes them. Segments are percent-encoded, so that names with slashes
// have destinations, too.
import { isUtf8 } from 'node:buffer'
import { bytesOfName, nameFromBytes } from '../../record/message/name-bytes.ts'
import { SHORTSTR_BYTES_MAX } from '../../record/message/wire-writer.ts'
import { StompError } from './stomp-error.ts'

/** Destinations that name a queue, or a routing key. */
type SimpleKind = 'queue' | 'topic' | 'amq-queue' | 'temp-queue' | 'reply-queue'

export type StompDestination =
  | { readonly kind: SimpleKind; readonly name: string }
  | { readonly kind: 'exchange'; readonly name: string; readonly key: string }

/** Where a message to a destination goes. */
export interface Address {
  readonly exchange: string
  readonly routingKey: string
}

const prefixes = ['/temp-queue', '/exchange', '/topic', '/queue', '/amq/queue', '/reply-queue/']

/** RabbitMQ's names of kinds, in its texts. */
const kindNames: Readonly<Record<SimpleKind, string>> = {
  queue: 'queue',
  topic: 'topic',
  'amq-queue': 'amqqueue',
  'temp-queue': 'temp_queue',
  'reply-queue': 'reply_queue',
}

/** Throws StompError for what is no destination. */
export function parseDestination(text: string): StompDestination {
  if (text === '') throw new StompError('Invalid destination', 'Destination cannot be blank')
  if (!text.includes('/')) return { kind: 'queue', name: decodeSegment(text) }
  const [start, type, ...rest] = text.split('/')
  if (start !== '') throw unknownDestination(text)
  switch (type) {
    case 'queue':
    case 'topic':
    case 'temp-queue':
      return parseSimple(type, rest)
    case 'amq':
      if (rest[0] !== 'queue') throw unknownDestination(text)
      return parseSimple('amq-queue', rest.slice(1))
    case 'reply-queue':
      // Names of reply queues may have slashes, and are not encoded.
      if (rest.length === 0) throw unknownDestination(text)
      return { kind: 'reply-queue', name: checkedName(rest.join('/')) }
    case 'exchange':
      return parseExchange(rest)
    default:
      throw unknownDestination(text)
  }
}

function parseSimple(kind: SimpleKind, segments: readonly string[]): StompDestination {
  const [name = ''] = segments
  if (segments.length !== 1 || name === '') throw invalidDestination(kindNames[kind], segments)
  return { kind, name: decodeSegment(name) }
}

function parseExchange(segments: readonly string[]): StompDestination {
  const [name = '', key = ''] = segments
  // One cannot name the default exchange this way.
  if (segments.length > 2 || name === '') throw invalidDestination('exchange', segments)
  return { kind: 'exchange', name: decodeSegment(name), key: decodeSegment(key) }
}

function invalidDestination(kind: string, segments: readonly string[]): StompError {
  const content = segments.map((segment) => `/${segment}`).join('')
  return new StompError('Invalid destination', `'${content}' is not a valid ${kind} destination\n`)
}

function unknownDestination(text: string): StompError {
  return new StompError(
    'Unknown destination',
    `'${text}' is not a valid destination.\n` +
      `Valid destination types are: ${prefixes.join(', ')}.\n`,
  )
}

/** Whether it already is a destination, so that nothing has to be put before it. */
export function hasPrefix(text: string): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix))
}

/** Where messages to a destination go; `topicExchange` is the one behind /topic/. */
export function addressOf(destination: StompDestination, topicExchange: string): Address {
  if (destination.kind === 'exchange') {
    return { exchange: destination.name, routingKey: destination.key }
  }
  const exchange = destination.kind === 'topic' ? topicExchange : ''
  return { exchange, routingKey: destination.name }
}

/** The destination that messages come from which were sent to an address. */
export function formatDestination(
  { exchange, routingKey }: Address,
  topicExchange: string,
): string {
  const key = encodeSegment(routingKey)
  if (exchange === '') return `/queue/${key}`
  if (exchange === topicExchange) return `/topic/${key}`
  return `/exchange/${encodeSegment(exchange)}${key === '' ? '' : `/${key}`}`
}

/** What has a name in AMQP has at most so many bytes. */
export function checkedName(name: string): string {
  if (Buffer.byteLength(bytesOfName(name)) <= SHORTSTR_BYTES_MAX) return name
  throw new StompError(
    'Invalid destination',
    `Names in destinations have at most ${SHORTSTR_BYTES_MAX} bytes\n`,
  )
}

function decodeSegment(segment: string): string {
  return checkedName(segment.includes('%') ? decodePercents(segment) : segment)
}

/** A percent sign that no two digits follow stands for itself. */
function decodePercents(segment: string): string {
  const bytes = Buffer.from(bytesOfName(segment) as string)
  let size = 0
  for (let at = 0; at < bytes.length; at++) {
    const hex = bytes[at] === 0x25 ? bytes.toString('latin1', at + 1, at + 3) : ''
    const isEncoded = /^[0-9A-Fa-f]{2}$/.test(hex)
    bytes[size++] = isEncoded ? Number.parseInt(hex, 16) : bytes[at]!
    if (isEncoded) at += 2
  }
  const decoded = bytes.subarray(0, size)
  return isUtf8(decoded) ? decoded.toString() : nameFromBytes(decoded)
}

const plain = /^[\x20-\x24\x26-\x2e\x30-\x7e]*$/

/** As RabbitMQ: slashes, percent signs, controls and all that is not ASCII, byte by byte. */
function encodeSegment(name: string): string {
  if (plain.test(name)) return name
  let encoded = ''
  for (const byte of Buffer.from(bytesOfName(name) as string)) {
    const char = String.fromCharCode(byte)
    const hex = byte.toString(16).toUpperCase().padStart(2, '0')
    encoded += plain.test(char) ? char : `%${hex}`
  }
  return encoded
}
