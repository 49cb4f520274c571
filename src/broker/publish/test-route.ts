// Says where a message would go if it were published, and how: it is checked and finds its way as published
// ones do, but comes into no queue, and nothing is remembered of it.
import type { Rights } from '../../auth/rights.ts'
import { keyOfMessage } from '../../crossing/message-key.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { readPropertyFlags } from '../../record/message/content-header.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Destination } from '../destination.ts'
import type { ExplainedStep } from '../exchange/explain-route.ts'
import { PublishedMessage } from '../exchange/published-message.ts'
import { routingKeysOf } from '../exchange/routing-keys.ts'
import type { ReplyRegistry } from '../reply-registry.ts'
import { RouteCache } from '../route-cache.ts'
import { partitionOfKey } from '../topic/murmur2.ts'
import type { VHost } from '../vhost.ts'
import { checkMessage, type PublishingUser } from './check-message.ts'
import { findReplyAddress } from './direct-reply.ts'
import { MessageRouter } from './message-router.ts'

/** A message that is not published, and who does not publish it. */
export interface RouteTestAsked {
  /** As for `Intake.offer`; it stays as it is. */
  readonly source: RecordSource
  readonly publisher: PublishingUser
  readonly rights: Rights
}

/** A queue or topic that the message would come to. */
export interface TestedDestination {
  readonly destination: Destination
  /** Otherwise it comes here when chance has it so. */
  readonly isCertain: boolean
  /** Of a topic with several; undefined where each takes its turn. */
  readonly partition: number | undefined
  /** The queue is full and refuses what comes. */
  readonly isFull: boolean
  /** A message with its id is in the queue, which drops it. */
  readonly isRepeat: boolean
}

export interface RouteTest {
  /** What a publisher would be told: whether there is anything that it goes to. */
  readonly isRouted: boolean
  /** An answer to a direct request: it goes to who asked, past exchanges and queues. */
  readonly isReply: boolean
  readonly destinations: readonly TestedDestination[]
  /** What each exchange on the way does. */
  readonly steps: readonly ExplainedStep<Destination>[]
  /** There is more of both than is told. */
  readonly isLeftOff: boolean
}

/**
 * Throws what publishing would: `exchange_not_found`, `access_refused`, and `precondition_failed` for a
 * message that is not taken.
 */
export function testRoute(
  vhost: VHost<Destination>,
  replies: ReplyRegistry,
  { source, publisher, rights }: RouteTestAsked,
): RouteTest {
  const { exchange, routingKey } = decodeAddress(source.address, source.addressStart)
  if (!rights.isUnrestricted) {
    new MessageRouter(vhost, new RouteCache(vhost)).permit(source, rights)
  }
  vhost.getPublishable(exchange)
  checkMessage(source, readPropertyFlags(source.header, source.headerStart), publisher)
  const replyTo = findReplyAddress(source)
  if (replyTo !== undefined) {
    const isRouted = replies.find(replyTo) !== undefined
    return { isRouted, isReply: true, destinations: [], steps: [], isLeftOff: false }
  }
  const { headers } = new PublishedMessage([], source)
  const message = new PublishedMessage(routingKeysOf(routingKey, headers), source)
  const { steps, queues, isLeftOff } = vhost.explainRoute(exchange, message)
  const destinations = queues.map(({ queue, isCertain }) => ({
    destination: queue,
    isCertain,
    partition: partitionIn(queue, source),
    isFull: queue.mayRefuse && !queue.hasRoomFor({ count: 1, size: 0 }),
    isRepeat: queue.kind === 'queue' && queue.presentIds?.has(source) === true,
  }))
  const isDelayed = steps.some(({ outcome }) => outcome === 'delayed')
  const isTaken = steps.some(({ directCount }) => directCount > 0)
  const isRouted = destinations.length > 0 || isDelayed || isTaken
  return { isRouted, isReply: false, destinations, steps, isLeftOff }
}

function partitionIn(destination: Destination, source: RecordSource): number | undefined {
  if (destination.kind === 'queue') return undefined
  const { length } = destination.partitions
  if (length === 1) return 0
  const key = keyOfMessage(source)
  return key === undefined ? undefined : partitionOfKey(key, length)
}
