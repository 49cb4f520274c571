// SUBSCRIBE (STOMP 1.2 "SUBSCRIBE").
import { getUsableQueue } from '../../broker/declare-queue.ts'
import { stripName } from '../../broker/exchange/check-name.ts'
import { permit, permitBinding } from '../../broker/permit.ts'
import { checkConsumerArguments } from '../../broker/queue-arguments.ts'
import { streamOptionsFor } from '../../broker/topic/stream-options.ts'
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { Ticket } from '../../log/ticket.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { consumerArgumentsOf } from './consumer-arguments.ts'
import { declareSubscriptionQueue, prepareQueue, type PreparedQueue } from './declare-queues.ts'
import { addressOf, parseDestination, type StompDestination } from './destination.ts'
import { isDurableSubscription } from './queue-headers.ts'
import { QueueSubscription } from './queue-subscription.ts'
import { findInteger } from './read-header.ts'
import type { StompSession } from './session.ts'
import { invalidHeader, StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'
import { StreamSubscription } from './stream-subscription.ts'
import { type NamedSubscription, nameSubscription } from './subscription-tag.ts'
import type { AckMode, SubscriptionAsked } from './subscription.ts'

/** The receipt says that the queue is durable, as far as it is. Throws StompError, and what the broker throws. */
export function handleSubscribe(session: StompSession, frame: StompFrame): void {
  const { headers } = frame
  if (isDurableSubscription(headers) && !headers.has('id')) {
    throw new StompError('Missing Header', "Header 'id' is required for durable subscriptions")
  }
  const destination = subscribeDestination(headers.get('destination'))
  const named = nameSubscription('SUBSCRIBE', headers)
  expectRoomFor(session, named)
  const how = { ackMode: ackModeOf(headers), prefetch: prefetchOf(headers) }
  session.connection.context.broker.admission.admit()
  if (headers.has('selector')) tellSelector(session, named)
  const { name, ticket } = prepare(session, destination, headers)
  consume(session, headers, { ...named, ...how, destination, queueName: name })
  session.acknowledge(frame, ticket)
}

/** As in RabbitMQ it gets all messages; there nobody is told. */
function tellSelector({ connection, vhost }: StompSession, { tag }: NamedSubscription): void {
  const { context, principal } = connection
  const facts = { user: principal?.user, vhost: vhost.name, tag }
  context.logger.warn(facts, 'A subscription has the header selector, which has no effect')
}

function expectRoomFor({ subscriptions }: StompSession, { tag }: NamedSubscription): void {
  if (subscriptions.has(tag)) {
    throw new StompError(
      'Duplicated subscription identifier',
      `A subscription identified by '${tag}' already exists.`,
      true,
    )
  }
  if (subscriptions.size < stompLimits.subscriptionsMax) return
  throw new StompError(
    'Processing error',
    `Too many subscriptions (limit ${stompLimits.subscriptionsMax})\n`,
  )
}

function subscribeDestination(text: string | undefined): StompDestination {
  if (text === undefined) {
    throw new StompError('Missing destination', `"SUBSCRIBE" must include a 'destination' header\n`)
  }
  const destination = parseDestination(text)
  if (destination.kind !== 'temp-queue') return destination
  throw new StompError(
    'Invalid destination',
    `'${text}' is not a valid destination for 'SUBSCRIBE'\n`,
  )
}

function ackModeOf(headers: FrameHeaders): AckMode {
  const mode = headers.get('ack') ?? 'auto'
  if (mode === 'auto' || mode === 'client' || mode === 'client-individual') return mode
  throw invalidHeader('ack', 'must be auto, client or client-individual')
}

function prefetchOf(headers: FrameHeaders): number {
  const prefetch = findInteger(headers, 'prefetch-count') ?? 0
  if (prefetch >= 0) return prefetch
  throw invalidHeader('prefetch-count', 'must not be negative')
}

/** The queue that is consumed, with its binding. */
function prepare(
  session: StompSession,
  destination: StompDestination,
  headers: FrameHeaders,
): PreparedQueue {
  const prepared = prepareQueue(session, destination, headers)
  if (prepared !== undefined) return prepared
  if (destination.kind !== 'topic' && destination.kind !== 'exchange') {
    return { name: stripName(destination.name), ticket: undefined }
  }
  const { vhost, connection } = session
  const { settings, broker } = connection.context
  const { exchange: source, routingKey } = addressOf(destination, settings.topicExchange)
  // Before anything is made that would be left over.
  vhost.getSource(source)
  const { name, ticket } = declareSubscriptionQueue(session, destination, headers)
  permitBinding(session.rights, vhost, {
    source,
    destination: { kind: 'queue', name },
    routingKey,
  })
  const changes = vhost.bindQueue(name, source, routingKey, emptyTable)
  const bound: Ticket | undefined = broker.topology.write(changes)
  return { name, ticket: bound ?? ticket }
}

function consume(session: StompSession, headers: FrameHeaders, asked: SubscriptionAsked): void {
  const { vhost, connection, rights, subscriptions } = session
  permit(rights, 'read', { kind: 'queue', name: asked.queueName })
  const queue = getUsableQueue(vhost, asked.queueName, connection)
  const args = consumerArgumentsOf(headers)
  checkConsumerArguments(vhost.name, queue, args)
  if (queue.kind === 'queue') {
    const subscription = new QueueSubscription(session, asked)
    subscription.open(queue, args)
    subscriptions.set(asked.tag, subscription)
    return
  }
  const { prefetch, ackMode } = asked
  const isNoAck = ackMode === 'auto'
  const now = connection.context.clock.now()
  const options = streamOptionsFor(queue, { prefetch, isNoAck, arguments: args, now })
  const subscription = new StreamSubscription(session, asked)
  subscription.open(queue, options, args)
  subscriptions.set(asked.tag, subscription)
}
