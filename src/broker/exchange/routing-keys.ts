// A publisher can name more routing keys in the headers CC and BCC (RabbitMQ's sender-selected
// distribution).
import type { FieldTable } from '../../record/message/field-table.ts'
import { nameOf } from '../../record/message/name-bytes.ts'
import { preconditionFailed } from '../broker-error.ts'

/** Headers that carry routing keys; BCC is taken out before delivery. */
export const routingHeaders: readonly string[] = ['CC', 'BCC']

/** The routing keys that a message's CC and BCC headers name; what is no key is skipped. */
export function carbonKeysOf(headers: FieldTable | undefined): string[] {
  const fields = routingHeaders.map((name) => headers?.get(name))
  const items = fields.flatMap((field) => (field?.type === 'array' ? field.value : []))
  return items.flatMap((item) => nameOf(item) ?? [])
}

/**
 * The message's routing key and those of its CC and BCC headers. What is not text in their arrays is
 * skipped; a header that is no array throws `precondition_failed`.
 */
export function routingKeysOf(routingKey: string, headers: FieldTable | undefined): string[] {
  for (const name of routingHeaders) {
    const header = headers?.get(name)
    if (!header) continue
    if (header.type !== 'array') {
      throw preconditionFailed(
        `invalid message: {unacceptable_type_in_header,"${name}",${header.type}}`,
      )
    }
  }
  return [routingKey, ...carbonKeysOf(headers)]
}
