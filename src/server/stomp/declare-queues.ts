// Queues that destinations stand for: `/queue/n` is declared by whoever uses it first, subscriptions to `/topic/` and
// `/exchange/` have queues of their own.
//
// RabbitMQ declares `/queue/n` again for each client, and ends the connection where the queue was made otherwise. Here
// a queue that is there is used as it is, unless the frame says what it has to be like.
import type { Destination } from '../../broker/destination.ts'
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { checkedName, type StompDestination } from './destination.ts'
import { asksNothing, isDurableSubscription, readQueueHeaders } from './queue-headers.ts'
import type { StompSession } from './session.ts'
import { subscriptionQueueName } from './subscription-queue-name.ts'

export interface PreparedQueue {
  readonly name: string
  /** When its declaration is durable; undefined when nothing was written. */
  readonly ticket: Ticket | undefined
}

interface QueueDefaults {
  readonly name: string
  readonly durable: boolean
  /** Of one that is not durable, and of one that is. */
  readonly autoDelete: readonly [volatile: boolean, durable: boolean]
  readonly exclusive: readonly [volatile: boolean, durable: boolean]
}

/** Whether SEND to a destination, or SUBSCRIBE, may declare something. */
export function mayDeclare(session: StompSession, destination: StompDestination): boolean {
  return destination.kind === 'queue' && session.vhost.findQueue(destination.name) === undefined
}

/**
 * Makes sure that `/queue/n` is there, and that it is as its headers say where they do; there is nothing to do for
 * other destinations. Throws StompError and what `declareQueue` throws.
 */
export function prepareQueue(
  session: StompSession,
  destination: StompDestination,
  headers: FrameHeaders,
): PreparedQueue | undefined {
  if (destination.kind !== 'queue') return undefined
  const { name } = destination
  const { declaredQueues, vhost } = session
  const isThere = vhost.findQueue(name) !== undefined
  if (isThere && declaredQueues.has(name)) return { name, ticket: undefined }
  if (isThere && asksNothing(headers)) return { name, ticket: undefined }
  const defaults = {
    name,
    durable: true,
    autoDelete: [true, false],
    exclusive: [true, false],
  } as const
  const { ticket } = declare(session, headers, defaults)
  if (declaredQueues.size >= stompLimits.knownQueuesMax) declaredQueues.clear()
  declaredQueues.add(name)
  return { name, ticket }
}

/** The queue of a subscription to `/topic/` or `/exchange/`. Throws the same. */
export function declareSubscriptionQueue(
  session: StompSession,
  destination: StompDestination,
  headers: FrameHeaders,
): PreparedQueue {
  const isTopic = destination.kind === 'topic'
  // RabbitMQ names it after the key.
  const key = destination.kind === 'exchange' ? destination.key : destination.name
  const durableId = isDurableSubscription(headers) ? headers.get('id') : undefined
  const { random } = session.connection.context
  const given = headers.get('x-queue-name')
  const name =
    given === undefined ? subscriptionQueueName(key, durableId, random) : checkedName(given)
  return declare(session, headers, {
    name,
    durable: durableId !== undefined,
    autoDelete: [true, true],
    exclusive: isTopic ? [false, false] : [true, true],
  })
}

/** The queue of a `/temp-queue/` that answers come to: the connection's own. */
export function declareReplyQueue(session: StompSession): Destination {
  const { context } = session.connection
  const { queue } = context.broker.declareQueue(session.vhost, {
    name: '',
    durable: false,
    exclusive: true,
    autoDelete: true,
    arguments: readQueueHeaders(noHeaders).arguments,
    connection: session.connection,
    rights: session.rights,
    isStrict: context.settings.isStrict,
  })
  return queue
}

const noHeaders = { get: () => undefined } as unknown as FrameHeaders

function declare(
  session: StompSession,
  headers: FrameHeaders,
  defaults: QueueDefaults,
): PreparedQueue {
  const { context } = session.connection
  const asked = readQueueHeaders(headers)
  const durable = asked.durable ?? defaults.durable
  const index = durable ? 1 : 0
  const { queue, ticket } = context.broker.declareQueue(session.vhost, {
    name: defaults.name,
    durable,
    autoDelete: asked.autoDelete ?? defaults.autoDelete[index],
    exclusive: asked.exclusive ?? defaults.exclusive[index],
    arguments: withExpiry(session, defaults.name, asked.arguments),
    connection: session.connection,
    rights: session.rights,
    isStrict: context.settings.isStrict,
  })
  return { name: queue.name, ticket }
}

/**
 * What Spring's relay makes of `/user/queue/x`: the name, `-user` and the id of a session of its own. That is a UUID, or
 * eight letters and digits of SockJS. Without a digit it may as well be a word, and nobody's queue may go for its name.
 */
const userQueue = /-user(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-z]*[0-5])[a-z0-5]{8})$/

/**
 * Spring's relay subscribes for each session to queues of its own, and nobody deletes them: they go when they have not
 * been used for a while, unless the client says how long they stay.
 */
function withExpiry(session: StompSession, name: string, args: FieldTable): FieldTable {
  const { userQueueExpiresMs } = session.connection.context.settings
  const isLimited = args.has('x-expires') || args.findText('x-queue-type') === 'stream'
  if (userQueueExpiresMs === 0 || isLimited || !userQueue.test(name)) return args
  return args.with('x-expires', { type: 'long', value: userQueueExpiresMs })
}
