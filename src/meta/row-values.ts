// Topology rows as the values of their columns in `meta.db`, in the order of the columns.
import { fieldTableToJson } from '../record/message/field-table-json.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import type { PermissionRow, TopicPermissionRow, UserRow } from './access-rows.ts'
import type { AclRow } from './acl-row.ts'
import type {
  BindingRow,
  DelayRow,
  ExchangeRow,
  PolicyRow,
  QueueRow,
  TopicRow,
  VHostRow,
} from './topology-change.ts'

export type RowValues = readonly (string | number | null)[]

export function vhostValues({ name, metadata = {} }: VHostRow): RowValues {
  return [name, JSON.stringify(sorted(metadata))]
}

export function exchangeValues(row: ExchangeRow): RowValues {
  const { vhost, name, type, autoDelete, internal } = row
  return [vhost, name, type, Number(autoDelete), Number(internal), argumentsText(row.arguments)]
}

export function queueValues(row: QueueRow): RowValues {
  const { vhost, name, type, logId, cursorId, autoDelete, topic, levels, source, retention } = row
  const args = argumentsText(row.arguments)
  return [
    vhost,
    name,
    type,
    logId,
    cursorId,
    Number(autoDelete),
    args,
    topic ? topicText(topic) : null,
    levels ? JSON.stringify(levels) : null,
    source ? JSON.stringify(source) : null,
    retention ? JSON.stringify(sorted(retention)) : null,
  ]
}

export function bindingValues(row: BindingRow): RowValues {
  const { vhost, source, destinationKind, destination, routingKey } = row
  return [vhost, source, destinationKind, destination, routingKey, argumentsText(row.arguments)]
}

export function policyValues(row: PolicyRow): RowValues {
  const { vhost, name, isOperator, pattern, applyTo, priority, definition } = row
  return [
    vhost,
    name,
    Number(isOperator),
    pattern,
    applyTo,
    priority,
    JSON.stringify(sorted(definition)),
  ]
}

export function delayValues(row: DelayRow): RowValues {
  return [row.logId, row.vhost, row.exchange, row.bucketClass, row.cursorId]
}

export function userValues(row: UserRow): RowValues {
  const { name, passwordHash, hashingAlgorithm, tags, limits = {}, scram = [] } = row
  const texts = [tags, sorted(limits), scram.map(sorted)].map((value) => JSON.stringify(value))
  return [name, passwordHash, hashingAlgorithm, ...texts]
}

export function permissionValues(row: PermissionRow): RowValues {
  return [row.user, row.vhost, row.configure, row.write, row.read]
}

export function topicPermissionValues(row: TopicPermissionRow): RowValues {
  return [row.user, row.vhost, row.exchange, row.write, row.read]
}

export function aclValues(row: AclRow): RowValues {
  const { resourceType, name, patternType, principal, host, operation, permission } = row
  return [resourceType, name, patternType, principal, host, operation, permission]
}

/**
 * As a database keeps them, which has no bytes that are no UTF-8: two names that differ only in these are two
 * texts there, too.
 */
export function storable(values: RowValues): RowValues {
  return values.map((value) => (typeof value === 'string' ? escapeUnstorable(value) : value))
}

function escapeUnstorable(text: string): string {
  if (text.isWellFormed() && !text.includes('\ufffd')) return text
  return text.replaceAll(
    /\p{Surrogate}|\ufffd/gu,
    (unit) => `\ufffd{${unit.charCodeAt(0).toString(16)}}`,
  )
}

/** Nearly all queues and bindings have none. */
function argumentsText(args: FieldTable): string {
  return args.size === 0 ? '[]' : JSON.stringify(fieldTableToJson(args))
}

/** The same for the same settings, in whatever order they were made. */
function topicText(topic: TopicRow): string {
  return JSON.stringify({ ...topic, configs: sorted(topic.configs) })
}

/** The same text for the same values, in whatever order they were given. */
function sorted(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
