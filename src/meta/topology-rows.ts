// Rows of the tables of `meta.db` as topology rows. They throw TypeError on what is not one.
import { fieldTableFromJson } from '../record/message/field-table-json.ts'
import { type FieldTable, emptyTable } from '../record/message/field-table.ts'
import type { BindingRow, ExchangeRow, QueueRow, TopicRow } from './topology-change.ts'

export function exchangeFromRow(row: Record<string, unknown>): ExchangeRow {
  return {
    vhost: text(row['vhost']),
    name: text(row['name']),
    type: text(row['type']),
    autoDelete: row['auto_delete'] === 1,
    internal: row['internal'] === 1,
    arguments: argumentsOf(row),
  }
}

export function queueFromRow(row: Record<string, unknown>): QueueRow {
  return {
    vhost: text(row['vhost']),
    name: text(row['name']),
    type: internType(text(row['type'])),
    logId: Number(row['log_id']),
    cursorId: Number(row['cursor_id']),
    autoDelete: row['auto_delete'] === 1,
    arguments: argumentsOf(row),
    ...(row['topic'] === null ? {} : { topic: JSON.parse(text(row['topic'])) as TopicRow }),
  }
}

export function bindingFromRow(row: Record<string, unknown>): BindingRow {
  return {
    vhost: text(row['vhost']),
    source: text(row['source']),
    destinationKind: row['destination_kind'] === 'exchange' ? 'exchange' : 'queue',
    destination: text(row['destination']),
    routingKey: text(row['routing_key']),
    arguments: argumentsOf(row),
  }
}

const queueTypes: readonly string[] = ['classic', 'quorum', 'stream']

/** Nearly all queues and bindings have none. */
function argumentsOf(row: Record<string, unknown>): FieldTable {
  const json = text(row['arguments'])
  return json === '[]' ? emptyTable : fieldTableFromJson(JSON.parse(json))
}

/** One string for all queues of a type. */
function internType(type: string): string {
  return queueTypes.find((known) => known === type) ?? type
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`Cannot read text: received ${typeof value}`)
  return value
}
