// A message that somebody writes: what is in the form, and what the API takes.
import { shellQuoted } from '../../lib/api.ts'
import { apiPath } from '../../lib/names.ts'
import {
  headersOf,
  type StreamRef,
  textOf,
  type TypedHeader,
  type WholeMessage,
} from './message.ts'

/** Types of headers that one writes; others stay as they came. */
export const headerTypes: Readonly<Record<string, string>> = {
  longstr: 'text',
  signedint: 'whole number',
  double: 'number',
  bool: 'true / false',
  void: 'nothing',
}

/** Whole numbers of other sizes, as clients send them. */
const wholeTypes = new Set([
  'signedint',
  'unsignedint',
  'long',
  'short',
  'unsignedshort',
  'byte',
  'unsignedbyte',
  'timestamp',
])

export interface HeaderDraft {
  readonly name: string
  readonly type: string
  readonly value: string
  /** One that cannot be written in a line stays as it came. */
  readonly kept?: TypedHeader
}

export interface DraftFacts {
  readonly to: 'stream' | 'exchange'
  readonly exchange: string
  readonly routingKey: string
  readonly payload: string
  readonly isBase64: boolean
  readonly headers: readonly HeaderDraft[]
  readonly properties: Readonly<Record<string, string>>
  /** Those without a field. */
  readonly otherProperties: Readonly<Record<string, unknown>>
  readonly isPersistent: boolean
  readonly count: string
}

const limits = { countMax: 100_000, batchMax: 1000, batchBytes: 3_000_000 }
const texts = ['content_type', 'message_id', 'correlation_id', 'reply_to', 'expiration']

export function draftOf({ name }: StreamRef, message: WholeMessage | undefined): DraftFacts {
  if (message === undefined) {
    return {
      to: 'stream',
      exchange: '',
      routingKey: name,
      payload: '',
      isBase64: false,
      headers: [],
      properties: {},
      otherProperties: {},
      isPersistent: true,
      count: '1',
    }
  }
  const { headers: _, delivery_mode: mode, ...rest } = message.properties ?? {}
  const known = new Set([...texts, 'priority'])
  const all = Object.entries(rest)
  return {
    to: 'stream',
    exchange: message.exchange,
    routingKey: message.routing_key,
    payload: message.payload ?? '',
    isBase64: message.payload_encoding === 'base64',
    // What a queue wrote into it when it died is not of its publisher.
    headers: headersOf(message).filter(isOwn).map(headerDraftOf),
    properties: Object.fromEntries(
      all.filter(([key]) => known.has(key)).map(([key, value]) => [key, String(value)]),
    ),
    otherProperties: Object.fromEntries(
      all.filter(([key]) => !known.has(key) && key !== 'user_id'),
    ),
    isPersistent: mode === 2 || mode === undefined,
    count: '1',
  }
}

function isOwn({ name }: TypedHeader): boolean {
  return name !== 'x-death' && !/^x-(?:first|last)-death-/.test(name)
}

function headerDraftOf(header: TypedHeader): HeaderDraft {
  const { name, type, value, encoding } = header
  const isLine = typeof value !== 'object' || value === null
  const isKnown = Object.hasOwn(headerTypes, type) || wholeTypes.has(type)
  const isSimple = isKnown && isLine && encoding === undefined
  const text = textOf(value)
  return isSimple ? { name, type, value: text } : { name, type, value: text, kept: header }
}

export class Draft {
  readonly #stream: StreamRef
  readonly #facts: DraftFacts

  constructor(stream: StreamRef, facts: DraftFacts) {
    this.#stream = stream
    this.#facts = facts
  }

  /** Of the API. */
  get path(): string {
    const { vhost, name } = this.#stream
    const { to, exchange } = this.#facts
    if (to === 'stream') return apiPath`/v1/streams/${vhost}/${name}/messages`
    return apiPath`/v1/exchanges/${vhost}/${exchange === '' ? 'amq.default' : exchange}/messages`
  }

  get count(): number {
    return Math.max(1, Math.floor(Number(this.#facts.count)) || 1)
  }

  /** How many of them one request takes. */
  get batchSize(): number {
    const size = JSON.stringify(this.#message).length
    return Math.max(1, Math.min(limits.batchMax, Math.floor(limits.batchBytes / size)))
  }

  get body(): object {
    return { messages: [this.#message] }
  }

  bodyOf(count: number): object {
    return { messages: Array.from({ length: count }, () => this.#message) }
  }

  /** Why it cannot be published as it is. */
  get problem(): string | undefined {
    const { headers, payload, isBase64, properties, count } = this.#facts
    if (isBase64 && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(payload)) return 'The payload is no base64'
    if (Number(count) > limits.countMax) return 'At most 100,000 at a time'
    const { priority = '' } = properties
    if (priority !== '' && !/^\d{1,3}$/.test(priority)) return 'The priority is a whole number'
    return headers.map(headerProblem).find((each) => each !== undefined)
  }

  /** Undefined for what a command line cannot say. */
  get command(): string | undefined {
    const { to, exchange, routingKey, payload, isBase64, headers, properties, count } = this.#facts
    if (isBase64 || headers.some(({ kept }) => kept !== undefined)) return undefined
    const { vhost, name } = this.#stream
    const words = ['pabal', 'publish', to === 'stream' ? name : exchange || 'amq.default']
    if (to === 'exchange') words.push('--to-exchange', '--key', routingKey)
    if (vhost !== '/') words.push('--vhost', vhost)
    for (const [key, value] of Object.entries(properties)) {
      if (value !== '') words.push('--property', `${key}=${value}`)
    }
    for (const header of headers) words.push('-H', `${header.name}=${header.value}`)
    if (this.count > 1) words.push('--count', count)
    words.push('--payload', payload)
    return words.map(shellQuoted).join(' ')
  }

  get #message(): object {
    const { to, routingKey, payload, isBase64, headers, isPersistent } = this.#facts
    const { properties, otherProperties } = this.#facts
    const given = Object.entries(properties).filter(([, value]) => value !== '')
    return {
      ...(to === 'exchange' && { routing_key: routingKey }),
      properties: {
        ...otherProperties,
        ...Object.fromEntries(
          given.map(([key, value]) => [key, key === 'priority' ? Number(value) : value]),
        ),
        ...(isPersistent && { delivery_mode: 2 }),
        ...(headers.length > 0 && { headers: headers.map(headerOf) }),
      },
      payload: isBase64 ? payload.replaceAll(/\s/g, '') : payload,
      ...(isBase64 && { payload_encoding: 'base64' }),
    }
  }
}

function headerProblem({ name, type, value, kept }: HeaderDraft): string | undefined {
  if (name === '') return 'A header has no name'
  if (kept !== undefined) return undefined
  if (wholeTypes.has(type) && !/^-?\d{1,19}$/.test(value)) return `${name} is no whole number`
  if (type === 'double' && (value === '' || Number.isNaN(Number(value)))) {
    return `${name} is no number`
  }
  const isBool = value === 'true' || value === 'false'
  return type === 'bool' && !isBool ? `${name} is true or false` : undefined
}

function headerOf({ name, type, value, kept }: HeaderDraft): object {
  if (kept !== undefined) return { ...kept, name }
  if (wholeTypes.has(type)) {
    // Text where JSON would lose digits.
    return { name, type, value: Number.isSafeInteger(Number(value)) ? Number(value) : value }
  }
  switch (type) {
    case 'double':
      return { name, type, value: Number(value) }
    case 'bool':
      return { name, type, value: value === 'true' }
    case 'void':
      return { name, type, value: null }
    default:
      return { name, type, value }
  }
}
