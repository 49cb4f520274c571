// queue.declare: finds the queue and checks that it is what was asked for, or makes it.
import type { Rights } from '../auth/rights.ts'
import type { Random } from '../lib/random.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import { type FieldTable, textOf } from '../record/message/field-table.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import type { Admission } from './admission.ts'
import { findAgeMs } from './argument-check.ts'
import { BrokerError, queueLocked, queueNotFound, queueResource } from './broker-error.ts'
import type { BrokerCounters } from './counters/broker-counters.ts'
import type { Destination } from './destination.ts'
import { checkArguments } from './exchange/check-equivalence.ts'
import { checkNewName, stripName } from './exchange/check-name.ts'
import { inertArguments } from './inert-settings.ts'
import type { InertWatch } from './inert-watch.ts'
import {
  findSource,
  openSource,
  sourceNameOf,
  type SourceStart,
  withTimeAsText,
} from './open-source.ts'
import { permitDeadLetters } from './permit-dead-letters.ts'
import { permit, permitConfigure } from './permit.ts'
import {
  checkQueueDeclaration,
  checkQueueEquivalence,
  checkServerNamed,
  type QueueDeclaration,
  type QueueType,
  queueTypeOf,
} from './queue-arguments.ts'
import { type ConnectionToken, Queue, type QueueContext } from './queue/queue.ts'
import { settleRetention } from './queue/settle-retention.ts'
import type { Topic } from './topic/topic.ts'
import type { Topics } from './topic/topics.ts'
import type { TopologyLog } from './topology-log.ts'
import type { VHost } from './vhost.ts'

export interface QueueAsked extends QueueDeclaration {
  readonly connection: ConnectionToken
  /** Refuses what RabbitMQ 4.2 does not take from old programs. */
  readonly isStrict?: boolean
  /** Of whoever declares; left out, it may. */
  readonly rights?: Rights
  /** What `findSourceStart` found. */
  readonly sourceStart?: SourceStart | undefined
}

/** What declaring needs of the broker. */
export interface DeclareContext {
  readonly store: LogStore
  readonly random: Random
  readonly topology: TopologyLog
  readonly queueContext: QueueContext
  /** Told what is asked for and has no effect. */
  readonly inert: InertWatch
  readonly admission: Admission
  readonly counters: BrokerCounters
  topicsOf(vhost: VHost<Destination>): Topics
  addQueue(vhost: VHost<Destination>, queue: Queue): void
}

interface Declared {
  readonly queue: Destination
  /** When the declaration is durable; undefined when nothing was written. */
  readonly ticket: Ticket | undefined
}

const nameSuffixBytes = 16

/**
 * Throws `precondition_failed` when the queue exists otherwise or cannot be as asked, `queue_limit_reached` when there
 * may be no more of them, `resource_locked` when it is another connection's, `access_refused` for a reserved
 * name or without the right, `memory_exhausted` for a new one.
 */
export function declareQueue(
  context: DeclareContext,
  vhost: VHost<Destination>,
  given: QueueAsked,
): Declared {
  const declared = declare(context, vhost, given)
  context.counters.queuesDeclared++
  return declared
}

function declare(context: DeclareContext, vhost: VHost<Destination>, given: QueueAsked): Declared {
  const typed = withDefaultType(vhost, {
    ...given,
    arguments: withTimeAsText(given.arguments),
  })
  const isServerNamed = stripName(typed.name) === ''
  const name = isServerNamed ? serverName(context, vhost, typed) : stripName(typed.name)
  const asked = { ...typed, name }
  const existing = isServerNamed ? undefined : vhost.findQueue(name)
  if (existing === undefined && !isServerNamed) checkNewName('queue', name)
  if (asked.rights !== undefined) {
    permitConfigure(asked.rights, 'create', { kind: 'queue', name })
  }
  if (existing === undefined) {
    permitDeadLetters(vhost, asked)
    permitSource(asked)
    return createQueue(context, vhost, asked)
  }
  if (existing.kind === 'topic' && existing.isProvisional) {
    permitDeadLetters(vhost, asked)
    return declareProvisional(context, vhost, existing, asked)
  }
  checkExisting(vhost, existing, asked)
  // RabbitMQ: a declaration renews the time of a classic queue only.
  if (existing.type === 'classic') existing.touch()
  return { queue: existing, ticket: undefined }
}

/**
 * Whether a queue that is there is what a file asks for, which need not name its type. Throws
 * `precondition_failed` when it is not, `resource_locked` when it is a connection's own.
 */
export function checkDeclared(
  vhost: VHost<Destination>,
  existing: Destination,
  asked: QueueAsked,
): void {
  const type = asked.arguments.get('x-queue-type')
  const isSameType = type === undefined || textOf(type) === existing.type
  const declaredType = isSameType ? existing.arguments.get('x-queue-type') : type
  const args = asked.arguments.with('x-queue-type', declaredType)
  checkExisting(vhost, existing, { ...asked, arguments: args })
}

/** What declaring looks at of a virtual host, which need not be there yet. */
type Declaring = Pick<VHost<Destination>, 'name' | 'metadata' | 'queueCount'>

/**
 * The type that a new queue would have, its source aside. Throws `precondition_failed`, `queue_limit_reached` and
 * `access_refused` as `declareQueue`.
 */
export function checkDeclarable(vhost: Declaring, given: QueueAsked): QueueType {
  const asked = withDefaultType(vhost, given)
  checkNewName('queue', asked.name)
  const type = checkQueueDeclaration(vhost.name, asked, asked.isStrict)
  checkQueueLimit(vhost, asked.name)
  return type
}

/** RabbitMQ: a queue that cannot be of the virtual host's type is a classic one. */
function withDefaultType({ metadata }: Pick<Declaring, 'metadata'>, asked: QueueAsked): QueueAsked {
  const type = metadata?.defaultQueueType
  if (type === undefined || asked.arguments.has('x-queue-type')) return asked
  const isSuitable = type === 'classic' || (asked.durable && !asked.exclusive && !asked.autoDelete)
  const value = isSuitable ? type : 'classic'
  return {
    ...asked,
    arguments: asked.arguments.with('x-queue-type', { type: 'longstr', value }),
  }
}

/** The queue as `connection` may use it. Throws `queue_not_found`, `resource_locked`. */
export function getUsableQueue(
  vhost: VHost<Destination>,
  name: string,
  connection: ConnectionToken,
): Destination {
  const stripped = stripName(name)
  const queue = vhost.findQueue(stripped)
  if (queue === undefined) throw queueNotFound(vhost.name, stripped)
  checkOwner(vhost, queue, connection)
  return queue
}

/** The queue is read for its source's messages. */
function permitSource({ rights, arguments: args }: QueueAsked): void {
  const name = sourceNameOf(args)
  if (rights !== undefined && name !== undefined) permit(rights, 'read', { kind: 'queue', name })
}

function checkExisting(vhost: VHost<Destination>, existing: Destination, asked: QueueAsked): void {
  checkOwner(vhost, existing, asked.connection)
  if (asked.exclusive !== existing.isExclusive) throw queueLocked(vhost.name, existing.name)
  checkQueueEquivalence(vhost.name, asked, {
    name: existing.name,
    durable: existing.isDurable,
    exclusive: existing.isExclusive,
    autoDelete: existing.isAutoDelete,
    arguments: existing.kind === 'topic' ? comparable(existing, asked) : existing.arguments,
    type: existing.type,
  })
}

/**
 * What a topic was declared with, and what it is by now: who declares a stream again need not know
 * its partitions or may name the number it has, and a limit that Kafka has set is as good as one
 * that was declared.
 */
function comparable(topic: Topic, asked: QueueAsked): FieldTable {
  let args = topic.arguments
  const [partitions, age, size, profile] = [
    'x-partitions',
    'x-max-age',
    'x-max-length-bytes',
    'x-profile',
  ].map((name) => asked.arguments.get(name))
  const partitionCount = { type: 'signedint', value: topic.partitions.length } as const
  args = args.with('x-partitions', partitions && partitionCount)
  const { retentionMs, retentionSize, profile: declaredProfile } = topic.config.declared
  if (age && findAgeMs(age) === retentionMs) args = args.with('x-max-age', age)
  if (profile && nameOf(profile) === declaredProfile) args = args.with('x-profile', profile)
  if (size && Number(size.value) === retentionSize) args = args.with('x-max-length-bytes', size)
  return args
}

function checkOwner(
  vhost: VHost<Destination>,
  queue: Destination,
  connection: ConnectionToken,
): void {
  if (queue.owner !== undefined && queue.owner !== connection) {
    throw queueLocked(vhost.name, queue.name)
  }
}

function serverName(context: DeclareContext, vhost: VHost<Destination>, asked: QueueAsked): string {
  checkServerNamed(queueTypeOf(vhost.name, '', asked.arguments))
  return `amq.gen-${context.random.bytes(nameSuffixBytes).toString('base64url')}`
}

function createQueue(
  context: DeclareContext,
  vhost: VHost<Destination>,
  asked: QueueAsked,
): Declared {
  const type = checkQueueDeclaration(vhost.name, asked, asked.isStrict)
  checkQueueLimit(vhost, asked.name)
  if (type === 'stream') return createStream(context, vhost, asked)
  const topic = findSource(vhost, asked.arguments)
  context.admission.admitDeclaration()
  topic?.partitions.forEach(() => context.admission.admitDeclaration())
  if (topic?.isProvisional === true) confirmSource(context.topicsOf(vhost), topic)
  const isDurable = asked.durable && !asked.exclusive
  context.store.beginAtom()
  const cursor = context.store.createCursor(context.store.createLog({ isVolatile: !isDurable }))
  const queue = new Queue(
    {
      vhost: vhost.name,
      name: asked.name,
      type,
      isDurable,
      isAutoDelete: asked.autoDelete,
      owner: asked.exclusive ? asked.connection : undefined,
      arguments: asked.arguments,
      cursor,
      source:
        topic &&
        openSource(context.store, topic, { args: asked.arguments, found: asked.sourceStart }),
    },
    context.queueContext,
  )
  context.addQueue(vhost, queue)
  context.counters.queuesCreated++
  settleRetention(queue, context.store)
  if (isDurable) context.topology.put([{ kind: 'queue', op: 'put', row: queue.row() }])
  const ticket = context.store.endAtom()
  tellInert(context, 'queue', queue)
  if (topic !== undefined) queue.lookAtRestored()
  return { queue, ticket }
}

/** What queues take their messages from is a topic, and becomes no work queue any more. */
function confirmSource(topics: Topics, topic: Topic): void {
  topics.confirm(topic, {
    partitionCount: topic.partitions.length,
    configs: topic.config.overrides,
    arguments: topic.arguments,
  })
}

/** Throws `queue_limit_reached` when the virtual host has as many queues as it may. */
function checkQueueLimit({ name, metadata, queueCount }: Declaring, queue: string): void {
  const limit = metadata?.limits?.['max-queues']
  if (limit === undefined || limit < 0 || queueCount < limit) return
  throw new BrokerError(
    'queue_limit_reached',
    `cannot declare queue '${queue}': queue limit in vhost '${name}' (${limit}) is reached`,
  )
}

function tellInert(
  context: DeclareContext,
  kind: 'queue' | 'stream',
  { vhost, name, arguments: args }: Destination,
): void {
  context.inert.tell({ kind, vhost, name, settings: inertArguments(kind, args) })
}

/** A stream queue is a topic. Without arguments it keeps everything, as in RabbitMQ. */
function createStream(
  context: DeclareContext,
  vhost: VHost<Destination>,
  asked: QueueAsked,
): Declared {
  const { topic, ticket } = context.topicsOf(vhost).create({
    name: asked.name,
    partitionCount: partitionCountOf(asked.arguments),
    configs: streamConfigs(asked.arguments, {}),
    isProvisional: false,
    arguments: asked.arguments,
  })
  tellInert(context, 'stream', topic)
  return { queue: topic, ticket }
}

function partitionCountOf(args: FieldTable): number {
  const count = args.get('x-partitions')
  return count === undefined ? 1 : Number(count.value)
}

/** The limits and the profile that are declared; else those that were set before; else none. */
export function streamConfigs(
  args: FieldTable,
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const age = args.get('x-max-age')
  const size = args.get('x-max-length-bytes')
  const profile = nameOf(args.get('x-profile'))
  return {
    'retention.ms': '-1',
    'retention.bytes': '-1',
    ...before,
    ...(age && { 'retention.ms': String(findAgeMs(age)) }),
    ...(size && { 'retention.bytes': String(Number(size.value)) }),
    ...(profile !== undefined && { 'pabal.profile': profile }),
  }
}

/**
 * Kafka made the topic only because a client asked for its name. The first declaration decides what
 * the name is: a stream, or a work queue that starts with what was produced so far.
 */
function declareProvisional(
  context: DeclareContext,
  vhost: VHost<Destination>,
  topic: Topic,
  asked: QueueAsked,
): Declared {
  const declaration = { ...asked, name: topic.name }
  const type = checkQueueDeclaration(vhost.name, declaration, asked.isStrict)
  const isDurable = asked.durable && !asked.exclusive
  const topics = context.topicsOf(vhost)
  if (type === 'stream') {
    const ticket = confirmStream(topics, topic, asked)
    tellInert(context, 'stream', topic)
    return { queue: topic, ticket }
  }
  const [partition] = topic.partitions
  // What was produced so far must be here.
  const isLog = topic.partitions.length === 1 && partition?.remote === undefined
  if (partition === undefined || !isLog || !isDurable || asked.arguments.has('x-source')) {
    checkExisting(vhost, topic, asked)
    return { queue: topic, ticket: undefined }
  }
  topics.release(topic)
  const queue = new Queue(
    {
      vhost: vhost.name,
      name: topic.name,
      type,
      isDurable,
      isAutoDelete: asked.autoDelete,
      owner: undefined,
      arguments: asked.arguments,
      cursor: partition.cursor,
    },
    context.queueContext,
  )
  vhost.replaceQueue(queue)
  tellInert(context, 'queue', queue)
  context.store.beginAtom()
  settleRetention(queue, context.store)
  context.topology.put([{ kind: 'queue', op: 'put', row: queue.row() }])
  const ticket = context.store.endAtom()
  queue.lookAtRestored()
  return { queue, ticket }
}

/** The topic gets the settings it would have if it had been declared first. */
function confirmStream(topics: Topics, topic: Topic, asked: QueueAsked): Ticket | undefined {
  const args = asked.arguments
  const partitionCount = partitionCountOf(args)
  if (args.has('x-partitions') && partitionCount < topic.partitions.length) {
    checkArguments(
      queueResource(topic.vhost, topic.name),
      ['x-partitions'],
      args,
      comparable(topic, asked),
    )
  }
  const configs = streamConfigs(args, topic.config.overrides)
  return topics.confirm(topic, { partitionCount, configs, arguments: args })
}
