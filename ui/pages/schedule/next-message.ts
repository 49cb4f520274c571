// Delayed messages as the API lists them, the next one first.
import { encodeName } from '../../lib/names.ts'

export interface NextMessage {
  readonly vhost: string
  readonly at_exchange: string
  readonly place: string
  /** Milliseconds since the Unix epoch. */
  readonly due: number
  readonly time: number
  readonly exchange: string
  readonly routing_key: string
  readonly properties?: { readonly headers?: Readonly<Record<string, unknown>> }
  readonly payload_bytes: number
  readonly payload?: string
  readonly payload_encoding?: string
}

export interface NextPage {
  readonly messages: readonly NextMessage[]
  readonly is_exact: boolean
}

export function keyOf({ vhost, at_exchange: exchange, place }: NextMessage): string {
  return `${encodeName(vhost)} ${encodeName(exchange)} ${place}`
}

/** The start of the payload in one line. */
export function lineOf({ payload, payload_encoding: encoding }: NextMessage): string {
  if (payload === undefined) return ''
  if (encoding === 'base64') return 'bytes that are no text'
  return payload.slice(0, 200).replaceAll(/\s+/g, ' ')
}
