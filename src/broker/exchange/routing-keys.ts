// A publisher can name more routing keys in the headers CC and BCC (RabbitMQ's sender-selected
// distribution).
import { type FieldTable, textOf } from '../../record/message/field-table.ts'
import { preconditionFailed } from '../broker-error.ts'

/** Headers that carry routing keys; BCC is taken out before delivery. */
export const routingHeaders: readonly string[] = ['CC', 'BCC']

/**
 * The message's routing key and those of its CC and BCC headers. What is not text in their arrays is
 * skipped; a header that is no array throws `precondition_failed`.
 */
export function routingKeysOf(routingKey: string, headers: FieldTable | undefined): string[] {
  const keys = [routingKey]
  for (const name of routingHeaders) {
    const header = headers?.get(name)
    if (!header) continue
    if (header.type !== 'array') {
      throw preconditionFailed(
        `invalid message: {unacceptable_type_in_header,"${name}",${header.type}}`,
      )
    }
    for (const item of header.value) {
      const key = textOf(item)
      if (key !== undefined) keys.push(key)
    }
  }
  return keys
}
