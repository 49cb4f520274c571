// Which arguments each type of queue and its consumers know, and what their values may be. Unknown
// arguments are kept and ignored; one that only another type knows is refused, unless old programs
// still send it. The tables are those of RabbitMQ 4.2, which Pabal says it is (`capabilities` of
// rabbit_classic_queue, rabbit_quorum_queue and rabbit_stream_queue, `declare_args` of rabbit_amqqueue);
// what another release or Pabal itself adds says so. x-consumer-timeout is in none of them before 4.3.2.
import { type FieldTable, textOf, typeNameOf } from '../record/message/field-table.ts'
import {
  age,
  anything,
  type ArgumentCheck,
  bool,
  deadLetterRoutingKey,
  expiry,
  integer,
  notNegative,
  oneOf,
  positive,
  priority,
  queueMode,
  queueVersion,
  sourceOffset,
  streamOffset,
  text,
  timeToLive,
} from './argument-check.ts'
import { preconditionFailed, queueResource, transientQueueRefused } from './broker-error.ts'
import { checkArguments, checkProperty } from './exchange/check-equivalence.ts'

export type QueueType = 'classic' | 'quorum' | 'stream'

export interface QueueDeclaration {
  readonly name: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly autoDelete: boolean
  readonly arguments: FieldTable
}

type ArgumentTable = Readonly<Record<string, ArgumentCheck>>

const locator = oneOf(
  ['client-local', 'balanced', 'random', 'least-leaders', 'min-masters'],
  'invalid_queue_locator_arg',
)
const overflow = oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], 'invalid_overflow')

const everyType: ArgumentTable = {
  'x-queue-type': text,
  // Pabal's own.
  'x-profile': oneOf(['latency', 'throughput'], 'invalid_profile'),
  // Of classic queues from 4.0. The three last values stand for `balanced` from 3.13 on.
  'x-queue-leader-locator': locator,
  'x-max-length-bytes': notNegative,
}

const workQueue: ArgumentTable = {
  ...everyType,
  'x-expires': expiry,
  'x-message-ttl': timeToLive,
  'x-dead-letter-exchange': text,
  'x-dead-letter-routing-key': deadLetterRoutingKey,
  'x-max-length': notNegative,
  'x-overflow': overflow,
  'x-single-active-consumer': bool,
  // Pabal's own.
  'x-source': text,
  'x-source-offset': sourceOffset,
  'x-order-by-key': bool,
  'x-max-publish-rate': positive,
  'x-max-publish-bytes-rate': positive,
  'x-retention-ms': positive,
  'x-retention-bytes': positive,
}

/** What each type of queue knows. */
export const queueArguments: Readonly<Record<QueueType, ArgumentTable>> = {
  classic: {
    ...workQueue,
    'x-max-priority': priority,
    // Without effect: from 3.12 all classic queues are lazy, from 4.0 there is one version; one node.
    'x-queue-mode': queueMode,
    'x-queue-version': queueVersion,
    'x-queue-master-locator': anything,
  },
  quorum: {
    ...workQueue,
    // Without effect from 4.0: bodies are not kept in memory.
    'x-max-in-memory-length': notNegative,
    'x-max-in-memory-bytes': notNegative,
    'x-dead-letter-strategy': oneOf(['at-most-once', 'at-least-once'], 'invalid_dlx_strategy'),
    'x-quorum-initial-group-size': positive,
    'x-delivery-limit': integer,
    // From 4.3.
    'x-member-placement-tag': text,
    'x-delayed-retry-type': oneOf(
      ['disabled', 'all', 'failed', 'returned'],
      'invalid_delayed_retry_type',
    ),
    'x-delayed-retry-min': notNegative,
    'x-delayed-retry-max': notNegative,
  },
  stream: {
    ...everyType,
    'x-max-age': age,
    'x-stream-max-segment-size-bytes': notNegative,
    'x-stream-filter-size-bytes': notNegative,
    'x-initial-cluster-size': positive,
    // Pabal's own.
    'x-partitions': positive,
  },
}

const comparedFirst: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [
    'x-expires',
    'x-message-ttl',
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-priority',
    'x-overflow',
    'x-queue-mode',
    'x-queue-version',
    'x-single-active-consumer',
    'x-queue-type',
  ],
  quorum: [
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-dead-letter-strategy',
    'x-expires',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-in-memory-length',
    'x-max-in-memory-bytes',
    'x-overflow',
    'x-single-active-consumer',
    'x-queue-type',
    'x-quorum-initial-group-size',
    'x-delivery-limit',
    'x-message-ttl',
  ],
  stream: ['x-max-length-bytes', 'x-queue-type', 'x-max-age'],
}

const consumerArguments: Readonly<Record<QueueType, ArgumentTable>> = {
  classic: { 'x-priority': integer },
  quorum: { 'x-priority': integer },
  stream: {
    'x-stream-offset': streamOffset,
    'x-stream-filter': anything,
    'x-stream-match-unfiltered': anything,
    // Pabal's own.
    'x-stream-partition': notNegative,
    'x-consumer-name': text,
  },
}

/** Without effect on any queue: those who send them along with another type are not refused. */
const retired: ReadonlySet<string> = new Set([
  'x-queue-mode',
  'x-queue-version',
  'x-queue-master-locator',
  'x-max-in-memory-length',
  'x-max-in-memory-bytes',
])

const streamSegmentBytesMax = 3_000_000_000
const streamFilterBytesMin = 16
const streamFilterBytesMax = 255

/** The type that the arguments ask for; classic when they do not. Throws `precondition_failed`. */
export function queueTypeOf(vhost: string, name: string, args: FieldTable): QueueType {
  const type = args.get('x-queue-type')
  if (!type) return 'classic'
  const resource = queueResource(vhost, name)
  const asked = textOf(type)
  if (asked === undefined) {
    throw invalidArgument('x-queue-type', resource, `{unacceptable_type,${typeNameOf(type)}}`)
  }
  if (Object.hasOwn(queueArguments, asked)) return asked as QueueType
  throw invalidArgument('x-queue-type', resource, `"unsupported queue type '${asked}'"`)
}

/**
 * Checks a new queue's arguments and properties. Throws `precondition_failed`. When `isStrict`, what
 * RabbitMQ 4.2 does not take from old programs is refused as well: see docs/compatibility.md.
 */
export function checkQueueDeclaration(
  vhost: string,
  declaration: QueueDeclaration,
  isStrict = false,
): QueueType {
  const { name, arguments: args } = declaration
  const resource = queueResource(vhost, name)
  checkDeadLetterExchange(resource, args)
  const type = queueTypeOf(vhost, name, args)
  checkValues(resource, queueArguments[type], args)
  checkForeignArguments(
    resource,
    { type, tables: queueArguments, ignored: isStrict ? none : retired },
    args,
  )
  if (isStrict && !declaration.durable && !declaration.exclusive) throw transientQueueRefused()
  if (type === 'stream') checkStreamSizes(args)
  if (type !== 'classic' || args.has('x-source')) checkReplicable(resource, declaration)
  checkBesidesSource(resource, args)
  if (args.has('x-retention-ms') || args.has('x-retention-bytes')) {
    checkRetainable(resource, declaration)
  }
  return type
}

/**
 * Checks that a queue exists as asked, exclusiveness aside. Throws `precondition_failed`. An
 * exclusive queue is never durable, whatever was asked.
 */
export function checkQueueEquivalence(
  vhost: string,
  asked: QueueDeclaration,
  existing: QueueDeclaration & { readonly type: QueueType },
): void {
  const resource = queueResource(vhost, existing.name)
  checkProperty(resource, 'durable', isDurable(asked), isDurable(existing))
  checkProperty(resource, 'auto_delete', asked.autoDelete, existing.autoDelete)
  const names = comparedNames(existing.type)
  checkArguments(resource, names, asked.arguments, existing.arguments)
}

/**
 * What counts when a queue is declared again, in the order in which RabbitMQ 4.2 compares: of several
 * differences the client is told the first. Source: `capabilities` of the queue types.
 */
function comparedNames(type: QueueType): readonly string[] {
  const first = comparedFirst[type]
  const others = Object.keys(queueArguments[type]).filter((name) => !first.includes(name))
  return [...first, ...others]
}

/** Checks the arguments of a consumer. Throws `precondition_failed`. */
export function checkConsumerArguments(
  vhost: string,
  queue: { readonly name: string; readonly type: QueueType },
  args: FieldTable,
): void {
  if (args.size === 0) return
  const resource = queueResource(vhost, queue.name)
  checkValues(resource, consumerArguments[queue.type], args)
  const tables = { type: queue.type, tables: consumerArguments, ignored: none }
  checkForeignArguments(resource, tables, args)
}

/** Whether the broker may choose the name of a queue of this type. Throws `precondition_failed`. */
export function checkServerNamed(type: QueueType): void {
  if (type === 'classic') return
  throw preconditionFailed(`Cannot declare a server-named queue for type rabbit_${type}_queue`)
}

function isDurable(declaration: QueueDeclaration): boolean {
  return declaration.durable && !declaration.exclusive
}

function checkValues(resource: string, table: ArgumentTable, args: FieldTable): void {
  for (const { name, value } of args.entries) {
    const check = Object.hasOwn(table, name) ? table[name] : undefined
    const reason = check?.(value, args)
    if (reason !== undefined) throw invalidArgument(name, resource, reason)
  }
}

interface ForeignRules {
  readonly type: QueueType
  readonly tables: Readonly<Record<QueueType, ArgumentTable>>
  readonly ignored: ReadonlySet<string>
}

const none: ReadonlySet<string> = new Set()

function checkForeignArguments(
  resource: string,
  { type, tables, ignored }: ForeignRules,
  args: FieldTable,
): void {
  for (const { name } of args.entries) {
    if (Object.hasOwn(tables[type], name) || ignored.has(name)) continue
    const isForeign = Object.values(tables).some((table) => Object.hasOwn(table, name))
    if (!isForeign) continue
    throw preconditionFailed(
      `invalid arg '${name}' for ${resource} of queue type rabbit_${type}_queue`,
    )
  }
}

// RabbitMQ looks at this argument's type before all others and says so in other words.
function checkDeadLetterExchange(resource: string, args: FieldTable): void {
  const exchange = args.get('x-dead-letter-exchange')
  if (!exchange || exchange.type === 'longstr') return
  throw preconditionFailed(
    `invalid type '${exchange.type}' for arg 'x-dead-letter-exchange' in ${resource}`,
  )
}

function checkStreamSizes(args: FieldTable): void {
  const segment = args.get('x-stream-max-segment-size-bytes')?.value ?? 0
  if (Number(segment) > streamSegmentBytesMax) {
    throw preconditionFailed('Exceeded max value for x-stream-max-segment-size-bytes')
  }
  const filter = Number(args.get('x-stream-filter-size-bytes')?.value ?? streamFilterBytesMin)
  if (filter < streamFilterBytesMin || filter > streamFilterBytesMax) {
    throw preconditionFailed('Invalid value for x-stream-filter-size-bytes')
  }
}

/** Arguments that mean nothing without a source, or beside one. */
function checkBesidesSource(resource: string, args: FieldTable): void {
  if (!args.has('x-source')) {
    if (!args.has('x-source-offset')) return
    throw invalidArgument('x-source-offset', resource, '"there is no x-source"')
  }
  const name = 'x-max-length-bytes'
  if (args.has(name)) throw invalidArgument(name, resource, '"not beside x-source"')
}

function checkReplicable(resource: string, declaration: QueueDeclaration): void {
  const { autoDelete } = declaration
  if (autoDelete) throw preconditionFailed(`invalid property 'auto-delete' for ${resource}`)
  checkRetainable(resource, declaration)
}

/** What goes with the process, or with a connection, is not kept for anybody. */
function checkRetainable(resource: string, { exclusive, durable }: QueueDeclaration): void {
  if (exclusive) throw preconditionFailed(`invalid property 'exclusive-owner' for ${resource}`)
  if (!durable) throw preconditionFailed(`invalid property 'non-durable' for ${resource}`)
}

function invalidArgument(name: string, resource: string, reason: string): Error {
  return preconditionFailed(`invalid arg '${name}' for ${resource}: ${reason}`)
}
