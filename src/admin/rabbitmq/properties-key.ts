// What tells bindings between the same two ends from each other in paths and lists: the routing key, and where
// there are arguments a hash of them behind a `~`. Source: rabbit_mgmt_format.erl (pack_binding_props), and
// rabbit_mgmt_wm_binding.erl, which reads it.
import { createHash } from 'node:crypto'
import { tableIdentity } from '../../broker/exchange/value-identity.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { decodePart } from '../api/raw-path.ts'

/** As text of a hash: two bindings with one key do not meet by chance. */
const hashLength = 11

export function propertiesKey(routingKey: string, args: FieldTable): string {
  if (args.size > 0) return `${quote(routingKey)}~${hashOf(args)}`
  return routingKey === '' ? '~' : quote(routingKey)
}

/** What a key of a path stands for; undefined when it is none. */
export function readPropertiesKey(
  key: string,
): { readonly routingKey: string; readonly argumentsHash: string | undefined } | undefined {
  const [quoted = '', argumentsHash, ...others] = key.split('~')
  const routingKey = decodePart(quoted.replaceAll('+', ' '))
  if (others.length > 0 || routingKey === undefined) return undefined
  return { routingKey, argumentsHash: argumentsHash === '' ? undefined : argumentsHash }
}

export function hashOf(args: FieldTable): string {
  const hash = createHash('sha256').update(tableIdentity(args))
  return hash.digest('base64url').slice(0, hashLength)
}

/** As RabbitMQ quotes: spaces are `+`, and all but letters, digits and `.-_` are percent-encoded. */
export function quote(text: string): string {
  const bytes = Buffer.from(bytesOfName(text)).toString('latin1')
  return bytes.replaceAll(/[^a-zA-Z0-9._-]/g, (byte) => {
    if (byte === ' ') return '+'
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
