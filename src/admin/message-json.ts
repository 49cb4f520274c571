// Messages as JSON, with the words that RabbitMQ's management API has for a message that it got.
import type { BrowsedMessage } from '../broker/browse/browsed-message.ts'
import type { FieldTable, FieldValue } from '../record/message/field-table.ts'
import type { BasicProperties } from '../record/message/properties.gen.ts'

/** What is not known or too large is left out. */
export function messageJson(message: BrowsedMessage): Record<string, unknown> {
  const { partition, offset, timestamp, state, exchange, routingKey, properties } = message
  return {
    ...(partition !== undefined && { partition }),
    offset,
    time: timestamp,
    ...(state !== undefined && { state }),
    exchange,
    routing_key: routingKey,
    ...(properties !== undefined && { properties: propertiesJson(properties) }),
    payload_bytes: message.payloadSize,
    ...(message.payload && payloadJson(message.payload, message.payloadSize)),
  }
}

/** The whole payload or its start, as text where it is some. */
export function payloadJson(payload: Buffer, size: number): Record<string, unknown> {
  const text = textOf(payload, payload.length === size)
  if (text !== undefined) return { payload: text, payload_encoding: 'string' }
  return { payload: payload.toString('base64'), payload_encoding: 'base64' }
}

/** Undefined when it is not UTF-8. Of bytes that were cut off anywhere, without the character that was cut. */
function textOf(bytes: Buffer, isWhole: boolean): string | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.decode(bytes, { stream: !isWhole })
  } catch {
    return undefined
  }
}

export function propertiesJson(properties: BasicProperties): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name === 'headers' ? tableJson(value as FieldTable) : plainJson(value as string | number),
    ]),
  )
}

function tableJson({ entries }: FieldTable): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, valueJson(value)]))
}

/** Plain JSON: what it has no word for is text, and bytes are base64 unless they are text. */
function valueJson(field: FieldValue): unknown {
  switch (field.type) {
    case 'table':
      return tableJson(field.value)
    case 'array':
      return field.value.map(valueJson)
    case 'longstr':
    case 'binary':
      return typeof field.value === 'string' ? field.value : field.value.toString('base64')
    case 'decimal':
      return field.value.unscaled / 10 ** field.value.scale
    default:
      return plainJson(field.value)
  }
}

/** A number that JSON has no word for, or that is not exact as a number there, becomes text. */
function plainJson(value: string | number | bigint | boolean | null): unknown {
  const isText = typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
  return isText ? String(value) : value
}
