import type { BrowsedMessage } from '../../broker/browse/browsed-message.ts'
import { messageJson } from '../message-json.ts'
import { typedHeadersJson } from '../typed-headers.ts'

/** A message as it is published again: of its headers nothing is lost. */
export function exportedJson(message: BrowsedMessage): Record<string, unknown> {
  const json = messageJson(message)
  const headers = message.properties?.headers
  if (headers === undefined || headers.size === 0) return json
  const properties = json['properties'] as Record<string, unknown>
  return { ...json, properties: { ...properties, headers: typedHeadersJson(headers) } }
}
