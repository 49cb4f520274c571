import type { Operation } from '../../auth/rights.ts'
import { queueNotFound, queueResource } from '../../broker/broker-error.ts'
import { checkUnneeded } from '../../broker/check-unneeded.ts'
import { getUsableQueue, type QueueAsked } from '../../broker/declare-queue.ts'
import type { Destination } from '../../broker/destination.ts'
import { checkNotDefault, stripName } from '../../broker/exchange/check-name.ts'
import type { SourceStart } from '../../broker/open-source.ts'
import {
  type BindingAsked,
  permit,
  permitAny,
  permitBinding,
  permitConfigure,
} from '../../broker/permit.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { checkBindable, isReplyAddress, isReplyName } from '../../broker/reply-registry.ts'
import {
  type AmqpMethod,
  QUEUE_BIND,
  QUEUE_BIND_OK,
  QUEUE_DECLARE,
  QUEUE_DECLARE_OK,
  QUEUE_DELETE,
  QUEUE_DELETE_OK,
  QUEUE_PURGE,
  QUEUE_PURGE_OK,
  QUEUE_UNBIND,
  QUEUE_UNBIND_OK,
  type QueueBind,
  type QueueDeclare,
  type QueueDelete,
  type QueuePurge,
  type QueueUnbind,
} from '../../codec/amqp/methods.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Channel } from './channel.ts'
import { answer } from './exchange-methods.ts'
import { ProtocolError, unexpectedMethod } from './reply.ts'

/** queue.declare, bind, unbind, purge and delete. */
export function handleQueueMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id) {
    case QUEUE_DECLARE:
      declare(channel, method)
      return
    case QUEUE_BIND:
      bind(channel, method)
      return
    case QUEUE_UNBIND:
      unbind(channel, method)
      return
    case QUEUE_PURGE:
      purge(channel, method)
      return
    case QUEUE_DELETE:
      remove(channel, method)
      return
    default:
      throw unexpectedMethod()
  }
}

/** As `readableQueue`, for what only work queues can do. Throws `not_implemented` for a stream. */
export function workQueue(channel: Channel, name: string, operation: string): Queue {
  const queue = readableQueue(channel, name)
  if (queue.kind === 'queue') return queue
  const resource = queueResource(queue.vhost, queue.name)
  throw new ProtocolError(
    'not_implemented',
    `${operation} not supported by stream queues ${resource}`,
  )
}

/** The queue a method names, which must be usable by this connection; '' is the last declared. */
export function usableQueue(channel: Channel, name: string): Destination {
  return getUsableQueue(channel.vhost, channel.queueName(name), channel.connection)
}

/** As `usableQueue`, for a client that wants what is in it. Throws `access_refused` without the right. */
export function readableQueue(channel: Channel, name: string): Destination {
  permitQueue(channel, 'read', channel.queueName(name))
  return usableQueue(channel, name)
}

function permitQueue({ connection }: Channel, operation: Operation, name: string): void {
  permit(connection.rights, operation, { kind: 'queue', name: stripName(name) })
}

function declare(channel: Channel, method: QueueDeclare): void {
  if (isReplyName(method.queue)) {
    inspectReplyQueue(channel, method)
    return
  }
  if (method.passive) {
    answerDeclared(channel, method, { queue: findQueue(channel, method), ticket: undefined })
    return
  }
  makeQueue(channel, method)
}

/** Where a queue begins in its source the disk may have to say first. */
function makeQueue(channel: Channel, method: QueueDeclare, sourceStart?: SourceStart): void {
  const { broker, settings } = channel.connection.context
  const asked: QueueAsked = {
    name: method.queue,
    durable: method.durable,
    exclusive: method.exclusive,
    autoDelete: method.autoDelete,
    arguments: method.arguments,
    connection: channel.connection,
    rights: channel.connection.rights,
    isStrict: settings.isStrict,
    sourceStart,
  }
  const search = broker.findSourceStart(channel.vhost, asked)
  if (search === undefined) {
    answerDeclared(channel, method, broker.declareQueue(channel.vhost, asked))
    return
  }
  channel.wait()
  search.then(
    (found) => channel.resume(() => makeQueue(channel, method, found)),
    (error: unknown) =>
      channel.resume(() => {
        throw error
      }),
  )
}

function answerDeclared(
  channel: Channel,
  method: QueueDeclare,
  { queue, ticket }: { readonly queue: Destination; readonly ticket: Ticket | undefined },
): void {
  channel.lastQueueName = queue.name
  queue.deliverReady()
  const reply: AmqpMethod = {
    id: QUEUE_DECLARE_OK,
    queue: queue.name,
    messageCount: queue.readyCount,
    consumerCount: queue.consumerCount,
  }
  channel.replyWhenDurable(ticket, method.noWait ? undefined : reply)
}

/** The pseudo-queue of direct replies is always there; an address as long as its requester is. */
function inspectReplyQueue(channel: Channel, { queue, noWait }: QueueDeclare): void {
  const { replies } = channel.connection.context.broker
  if (isReplyAddress(queue) && replies.find(queue) === undefined) {
    throw queueNotFound(channel.vhost.name, queue)
  }
  if (noWait) return
  channel.send({ id: QUEUE_DECLARE_OK, queue, messageCount: 0, consumerCount: 1 })
}

function findQueue(channel: Channel, method: QueueDeclare): Destination {
  // An empty name is just that here: no queue has it.
  permitAny(channel.connection.rights, { kind: 'queue', name: stripName(method.queue) })
  const queue = getUsableQueue(channel.vhost, method.queue, channel.connection)
  if (queue.kind === 'queue' && queue.type === 'classic') queue.touch()
  return queue
}

function bind(channel: Channel, method: QueueBind): void {
  checkBindable(channel.vhost.name, method.queue)
  const name = channel.queueName(method.queue)
  // Neither a queue nor a key: the queue is the last declared one, and so is the key.
  const isShort = method.queue === '' && method.routingKey === ''
  const routingKey = isShort ? stripName(name) : method.routingKey
  permitQueueBinding(channel, { name, source: method.exchange, routingKey })
  // RabbitMQ looks at the exchange first.
  channel.vhost.getSource(method.exchange)
  const queue = usableQueue(channel, name)
  const args = method.arguments
  const changes = channel.vhost.bindQueue(queue.name, method.exchange, routingKey, args)
  answer(channel, method, changes, { id: QUEUE_BIND_OK })
}

function unbind(channel: Channel, method: QueueUnbind): void {
  const name = channel.queueName(method.queue)
  const isShort = method.queue === '' && method.routingKey === ''
  const routingKey = isShort ? name : method.routingKey
  permitQueueBinding(channel, { name, source: method.exchange, routingKey })
  checkNotDefault(stripName(method.exchange))
  if (channel.vhost.findQueue(stripName(name)) !== undefined) usableQueue(channel, name)
  const args = method.arguments
  const changes = channel.vhost.unbindQueue(name, method.exchange, routingKey, args)
  answer(channel, { noWait: false }, changes, { id: QUEUE_UNBIND_OK })
}

function permitQueueBinding(
  { connection, vhost }: Channel,
  { name, source, routingKey }: Omit<BindingAsked, 'destination'> & { readonly name: string },
): void {
  permitBinding(connection.rights, vhost, {
    source,
    destination: { kind: 'queue', name },
    routingKey,
  })
}

function purge(channel: Channel, method: QueuePurge): void {
  const queue = workQueue(channel, method.queue, 'queue.purge')
  const { count, ticket } = channel.connection.context.broker.purgeQueue(queue)
  const reply: AmqpMethod = { id: QUEUE_PURGE_OK, messageCount: count }
  channel.replyWhenDurable(ticket, method.noWait ? undefined : reply)
}

/** Deleting a queue that is not there is fine. */
function remove(channel: Channel, method: QueueDelete): void {
  const name = channel.queueName(method.queue)
  permitConfigure(channel.connection.rights, 'delete', { kind: 'queue', name: stripName(name) })
  const isMissing = channel.vhost.findQueue(stripName(name)) === undefined
  const queue = isMissing ? undefined : usableQueue(channel, name)
  queue?.deliverReady()
  if (queue !== undefined) checkUnneeded(queue, method)
  const messageCount = queue?.readyCount ?? 0
  const { broker } = channel.connection.context
  // A client that closes its channel when a consumer is cancelled would miss an answer that comes later.
  const { result: ticket, endedTags } = channel.gatherEnded(
    () => queue && broker.deleteQueue(queue),
  )
  const reply: AmqpMethod = { id: QUEUE_DELETE_OK, messageCount }
  channel.replyWhenDurable(ticket, method.noWait ? undefined : reply, endedTags)
}
