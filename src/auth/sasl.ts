// What a client sends to log in, per SASL mechanism, as user name and password.
import { type FieldTable } from '../record/message/field-table.ts'

export interface Credentials {
  readonly user: string
  /** As it came: passwords need not be text. */
  readonly password: Uint8Array
}

/**
 * PLAIN (RFC 4616): [authorization id] NUL user NUL password. Undefined when malformed, or when the
 * client wants to act as somebody else than it logs in as.
 */
export function parsePlain(response: Uint8Array): Credentials | undefined {
  const first = response.indexOf(0)
  const second = response.indexOf(0, first + 1)
  if (first < 0 || second < 0 || response.includes(0, second + 1)) return undefined
  const actAs = textOf(response.subarray(0, first))
  const user = textOf(response.subarray(first + 1, second))
  if (actAs !== '' && actAs !== user) return undefined
  return { user, password: Uint8Array.from(response.subarray(second + 1)) }
}

/** AMQPLAIN: a field table with LOGIN and PASSWORD. Undefined when one is missing or no longstr. */
export function parseAmqplain(table: FieldTable): Credentials | undefined {
  const user = bytesOf(table, 'LOGIN')
  const password = bytesOf(table, 'PASSWORD')
  return user && password ? { user: textOf(user), password } : undefined
}

/** What a client sends for OAUTHBEARER. */
export interface BearerResponse {
  /** As whom it wants to act; empty for whom the token names. */
  readonly actAs: string
  readonly token: Uint8Array
}

/**
 * OAUTHBEARER (RFC 7628 §3.1): `n,a=<authorization id>,` ^A `auth=Bearer <token>` ^A … ^A. Undefined when malformed.
 * Other keys (KIP-342's extensions) say nothing here.
 */
export function parseOauthBearer(response: Uint8Array): BearerResponse | undefined {
  const [start = '', ...pairs] = textOf(response).split('\u0001')
  const header = /^n,(?:a=([^,]+))?,$/.exec(start)
  const hasEnd = pairs.at(-1) === '' && pairs.at(-2) === ''
  const [auth, ...others] = pairs.filter((pair) => pair.startsWith('auth='))
  const [, token] = /^auth=bearer +([-\w.~+/]+=*)$/i.exec(auth ?? '') ?? []
  if (header === null || !hasEnd || token === undefined || others.length > 0) return undefined
  const [, actAs = ''] = header
  return { actAs: actAs.replaceAll('=2C', ',').replaceAll('=3D', '='), token: Buffer.from(token) }
}

function bytesOf(table: FieldTable, name: string): Uint8Array | undefined {
  const field = table.get(name)
  return field?.type === 'longstr' ? Buffer.from(field.value) : undefined
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
