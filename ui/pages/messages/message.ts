// Messages as the API shows them, and what one says of them in a line.
import { apiPath, query } from '../../lib/names.ts'

export type MessageState = 'ready' | 'unacked' | 'delayed' | 'dead' | 'acked'

export interface Properties {
  readonly headers?: unknown
  readonly content_type?: string
  readonly content_encoding?: string
  readonly message_id?: string
  readonly correlation_id?: string
  readonly [name: string]: unknown
}

/** One of a list: headers by name, and the start of the payload. */
export interface Message {
  readonly partition?: number
  readonly offset: number
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  /** Undefined in a topic, where messages stay. */
  readonly state?: MessageState
  readonly exchange: string
  readonly routing_key: string
  /** Undefined when they are too large for a list. */
  readonly properties?: Properties
  readonly payload_bytes: number
  /** Undefined where the reader may not see it. */
  readonly payload?: string
  readonly payload_encoding?: 'string' | 'base64'
}

/** A header with its type on the wire. */
export interface TypedHeader {
  readonly name: string
  readonly type: string
  readonly value: unknown
  readonly encoding?: 'base64'
}

/** One by its place: headers are a list. */
export interface WholeMessage extends Message {
  readonly sees_payload: boolean
}

/** Of which stream. */
export interface StreamRef {
  readonly vhost: string
  readonly name: string
}

/** Where a message is, in URLs and on screen: `12`, `3.12`. */
export function placeOf({ partition, offset }: Pick<Message, 'partition' | 'offset'>): string {
  return partition === undefined ? String(offset) : `${partition}.${offset}`
}

/** Path of the API of one message. */
export function messagePath({ vhost, name }: StreamRef, place: string, payload: number): string {
  return apiPath`/v1/streams/${vhost}/${name}/messages/${place}` + query({ payload })
}

/** Its payload as bytes. */
export function payloadPath({ vhost, name }: StreamRef, place: string): string {
  return apiPath`/v1/streams/${vhost}/${name}/messages/${place}/payload`
}

/** Kafka's key: the header `x-key`, and the routing key where there is none; undefined where headers are not shown. */
export function keyOf({ properties, routing_key: routingKey }: Message): string | undefined {
  if (properties === undefined) return undefined
  const headers = properties?.headers
  const named =
    typeof headers === 'object' && headers !== null && !Array.isArray(headers)
      ? (headers as Readonly<Record<string, unknown>>)['x-key']
      : undefined
  return named === undefined ? routingKey : textOf(named)
}

/** The start of the payload in one line; bytes that are no text as hex. */
export function firstLineOf({ payload, payload_encoding: encoding }: Message): string {
  if (payload === undefined) return ''
  if (encoding !== 'base64') return payload.slice(0, 300).replaceAll(/\s+/g, ' ')
  return Array.from(atob(payload.slice(0, 64)), (character) =>
    character.charCodeAt(0).toString(16).padStart(2, '0'),
  ).join(' ')
}

/** The headers of a message that was asked for by its place. */
export function headersOf({ properties }: WholeMessage): readonly TypedHeader[] {
  const headers = properties?.headers
  return Array.isArray(headers) ? (headers as TypedHeader[]) : []
}

/** What a header's value is without its types: lists and tables as JSON has them. */
export function plainValue({ type, value }: Pick<TypedHeader, 'type' | 'value'>): unknown {
  if (type === 'table' && Array.isArray(value)) {
    return Object.fromEntries(
      (value as TypedHeader[]).map((header) => [header.name, plainValue(header)]),
    )
  }
  if (type === 'array' && Array.isArray(value)) return (value as TypedHeader[]).map(plainValue)
  return value
}

/** A value of a header or property as text; nothing is the empty one. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
