import { PublishedMessage } from '../../src/broker/exchange/published-message.ts'
import type { RoutedMessage } from '../../src/broker/exchange/routed-message.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import type { FieldTable } from '../../src/record/message/field-table.ts'
import type { BasicProperties } from '../../src/record/message/properties.gen.ts'

/** A message as exchanges see it. */
export function messageWith(
  routingKeys: readonly string[],
  headers?: FieldTable,
  properties: BasicProperties = {},
): RoutedMessage {
  const header = encodeContentHeader(0, headers ? { ...properties, headers } : properties)
  return new PublishedMessage(routingKeys, { header, headerStart: 0, headerEnd: header.length })
}
