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

function bytesOf(table: FieldTable, name: string): Uint8Array | undefined {
  const field = table.get(name)
  return field?.type === 'longstr' ? Buffer.from(field.value) : undefined
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
