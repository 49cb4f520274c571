// What the log and the view keep of vhosts, exchanges, queues, bindings, policies, the logs of delayed
// messages, users and permissions. Only durable things appear here. Deleting a vhost, an exchange or a
// queue deletes the bindings from and to it (and a vhost's exchanges, queues, policies and permissions,
// and an exchange's logs of delayed messages) without a change of their own.
//
// An entry in the log is one format byte and then the changes that belong together, as JSON:
//
//   | format = 2 to 7 (u8) | [change, …] as UTF-8 JSON |
//
// Format 3 has queues with several logs, which a broker that reads only 2 would take for one; format 4
// has users, permissions and what virtual hosts are made with, which others would lose; format 5 has queues
// with a source, which others would take for empty ones; format 6 has queues that keep what was acked, which
// others would not; format 7 has ACLs, without which others would permit what is denied.
// One entry is applied as a whole or not at all.
import { fieldTableFromJson, fieldTableToJson } from '../record/message/field-table-json.ts'
import { type FieldTable } from '../record/message/field-table.ts'
import { type AccessChange, isAccessChange, type LimitValues } from './access-rows.ts'
import { TopologyFormatError } from './topology-error.ts'

/** Rises when an older broker could not read an entry any more. */
const format = 7
const retentionFormat = 6
const sourceFormat = 5
const accessFormat = 4
const levelsFormat = 3
/** Of entries without anything newer. */
const firstFormat = 2

/** What a virtual host is made with, besides its name. */
export interface VHostMetadata {
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Of queues that are declared without one: `classic`, `quorum` or `stream`. */
  readonly defaultQueueType?: string | undefined
  readonly limits?: LimitValues | undefined
  /** Nobody deletes it as long as this is true. */
  readonly isProtected?: boolean | undefined
}

export interface VHostRow {
  readonly name: string
  readonly metadata?: VHostMetadata | undefined
}

export interface ExchangeRow {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: FieldTable
}

/** What a stream queue, which is a topic, keeps besides. */
export interface TopicRow {
  /** Kafka's topic id: 22 characters of base64url. */
  readonly topicId: string
  /** The log of each partition, in order; `logId` is the first. */
  readonly logIds: readonly number[]
  /** What retention has passed in each of them is a cursor. */
  readonly cursorIds: readonly number[]
  /** Topic settings that differ from their defaults, by Kafka's names. */
  readonly configs: Readonly<Record<string, string>>
  /** Created because a client asked for its metadata, not because somebody declared it. */
  readonly isProvisional: boolean
  /** Over how many cells of a cluster its partitions are spread; left out: all are in this one. */
  readonly spread?: number
  /** Of a part of a topic that another cell has: the numbers of its partitions, one for each log. */
  readonly numbers?: readonly number[]
  /** What is on its way to partitions that other cells lead. */
  readonly transit?: readonly TransitRow[]
}

/** Messages on their way to a partition: a log of their own. */
export interface TransitRow {
  /** Of the partition. */
  readonly number: number
  readonly logId: number
  readonly cursorId: number
  /** In which they are numbered. */
  readonly sequence: string
}

/** One more log of a work queue, for the messages of one priority. */
export interface LevelRow {
  /** Of a quorum queue: 1 for all that are high. */
  readonly priority: number
  readonly logId: number
  readonly cursorId: number
}

/** The source of a queue, and its place there. The logs are the topic's. */
export interface SourceRow {
  /** In the same virtual host. */
  readonly topic: string
  /** The cursor in each of its partitions, in their order. */
  readonly cursorIds: readonly number[]
  /** When the queue was rewound last, in milliseconds since the Unix epoch. */
  readonly rewoundAt?: number | undefined
}

/** Of a work queue that keeps what was acked. */
export interface RetentionRow {
  /** What retention has passed in each of the queue's logs is a cursor. */
  readonly cursorIds: readonly number[]
  /** When it was rewound last, in milliseconds since the Unix epoch. */
  readonly rewoundAt?: number | undefined
}

export interface QueueRow {
  readonly vhost: string
  readonly name: string
  /** `classic`, `quorum` or `stream`. */
  readonly type: string
  /** The log that holds its messages; never reused. */
  readonly logId: number
  /** Its cursor there; for a topic, what its retention has passed in the first partition. */
  readonly cursorId: number
  readonly autoDelete: boolean
  readonly arguments: FieldTable
  /** Only for type `stream`. */
  readonly topic?: TopicRow | undefined
  /** Where messages above the lowest priority are, in the order in which these logs were made. */
  readonly levels?: readonly LevelRow[] | undefined
  /** Of a queue that takes its messages from a topic as well. */
  readonly source?: SourceRow | undefined
  /** Left out, what is acked is not kept. */
  readonly retention?: RetentionRow | undefined
}

export interface BindingRow {
  readonly vhost: string
  readonly source: string
  readonly destinationKind: 'queue' | 'exchange'
  readonly destination: string
  readonly routingKey: string
  readonly arguments: FieldTable
}

/** What an object may be for a policy to apply to it, in RabbitMQ's words. */
export type PolicyScope =
  | 'all'
  | 'queues'
  | 'classic_queues'
  | 'quorum_queues'
  | 'streams'
  | 'exchanges'

/** Settings of a policy by RabbitMQ's names. */
export type PolicyDefinition = Readonly<Record<string, PolicyValue>>

/** A list is one of text (`ha-params` of RabbitMQ 3). */
export type PolicyValue = string | number | boolean | readonly string[]

export interface PolicyRow {
  readonly vhost: string
  readonly name: string
  /** One of the operator's, which has a namespace of its own. */
  readonly isOperator: boolean
  /** A regular expression that names are looked for. */
  readonly pattern: string
  readonly applyTo: PolicyScope
  readonly priority: number
  readonly definition: PolicyDefinition
}

/** A log of messages that an exchange of type `x-delayed-message` delays. It has one cursor. */
export interface DelayRow {
  readonly vhost: string
  readonly exchange: string
  /** What the log is used for, in order of the time that a bucket stands for: see `broker/delay`. */
  readonly bucketClass: number
  readonly logId: number
  readonly cursorId: number
}

/** A put replaces what has the same name (a binding: the same ends, key and arguments; a delay: the same log). */
export type TopologyChange =
  | { readonly kind: 'vhost'; readonly op: 'put'; readonly row: VHostRow }
  | { readonly kind: 'vhost'; readonly op: 'delete'; readonly name: string }
  | { readonly kind: 'exchange'; readonly op: 'put'; readonly row: ExchangeRow }
  | ScopedDelete<'exchange'>
  | { readonly kind: 'queue'; readonly op: 'put'; readonly row: QueueRow }
  | ScopedDelete<'queue'>
  | { readonly kind: 'binding'; readonly op: 'put' | 'delete'; readonly row: BindingRow }
  | { readonly kind: 'policy'; readonly op: 'put'; readonly row: PolicyRow }
  | PolicyDelete
  | { readonly kind: 'delay'; readonly op: 'put' | 'delete'; readonly row: DelayRow }
  | AccessChange

interface ScopedDelete<Kind extends string> {
  readonly kind: Kind
  readonly op: 'delete'
  readonly vhost: string
  readonly name: string
}

export interface PolicyDelete {
  readonly kind: 'policy'
  readonly op: 'delete'
  readonly vhost: string
  readonly name: string
  readonly isOperator: boolean
}

/** One log entry for changes that belong together. The buffer is the caller's. */
export function encodeTopologyChanges(changes: readonly TopologyChange[]): Buffer {
  const json = JSON.stringify(changes.map(changeToJson))
  const entry = Buffer.allocUnsafe(1 + Buffer.byteLength(json))
  entry[0] = Math.max(firstFormat, ...changes.map(formatOf))
  entry.write(json, 1)
  return entry
}

/**
 * The changes of one log entry. Throws {@link TopologyFormatError} when it was written by a newer
 * version or is not an entry at all.
 */
export function decodeTopologyChanges(entry: Uint8Array): TopologyChange[] {
  const found = entry[0]
  if (found === undefined || found < firstFormat || found > format) {
    throw new TopologyFormatError(
      `the data folder has a topology entry of format ${found ?? 'none'}, and this Pabal reads formats ${firstFormat} to ${format}: use the Pabal that wrote it`,
    )
  }
  const text = Buffer.from(entry.buffer, entry.byteOffset + 1, entry.byteLength - 1).toString()
  try {
    const changes = JSON.parse(text) as unknown
    if (!Array.isArray(changes)) throw new TypeError('Cannot read changes: not a list')
    return changes.map(changeFromJson)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TopologyFormatError(
      `this Pabal cannot read the data folder's topology entry (${reason}): use the Pabal that wrote it`,
      { cause: error },
    )
  }
}

/** The first that has such a change. */
function formatOf(change: TopologyChange): number {
  if (change.kind === 'acl') return format
  if (isAccessChange(change)) return accessFormat
  if (change.op !== 'put') return firstFormat
  if (change.kind === 'vhost' && change.row.metadata !== undefined) return accessFormat
  if (change.kind === 'queue' && change.row.retention !== undefined) return retentionFormat
  if (change.kind === 'queue' && change.row.source !== undefined) return sourceFormat
  if (change.kind === 'queue' && change.row.levels !== undefined) return levelsFormat
  return firstFormat
}

function changeToJson(change: TopologyChange): unknown {
  if (!('row' in change) || !('arguments' in change.row)) return change
  const { arguments: args, ...row } = change.row
  return { ...change, row: { ...row, arguments: fieldTableToJson(args) } }
}

const kinds: ReadonlySet<unknown> = new Set([
  'vhost',
  'exchange',
  'queue',
  'binding',
  'policy',
  'delay',
  'user',
  'permission',
  'topic-permission',
  'acl',
])

// The log checks every entry by CRC, so only what a newer version could have added is looked at.
function changeFromJson(json: unknown): TopologyChange {
  const change = json as Record<string, unknown> | null
  if (!kinds.has(change?.['kind']))
    throw new TypeError(`Cannot read change: ${JSON.stringify(json)}`)
  const row = change?.['row'] as Record<string, unknown> | undefined
  if (row && 'arguments' in row) row['arguments'] = fieldTableFromJson(row['arguments'])
  return change as unknown as TopologyChange
}
