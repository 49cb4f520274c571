// UNSUBSCRIBE (STOMP 1.2 "UNSUBSCRIBE"). With the headers of a durable subscription its queue goes, too.
import { permitConfigure } from '../../broker/permit.ts'
import type { Ticket } from '../../log/ticket.ts'
import { isDurableSubscription } from './queue-headers.ts'
import { quoted } from './read-header.ts'
import type { StompSession } from './session.ts'
import { StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'
import { nameSubscription } from './subscription-tag.ts'
import type { SubscriptionAsked } from './subscription.ts'

/** What was delivered may still be acked. Throws StompError, `access_refused`. */
export function handleUnsubscribe(session: StompSession, frame: StompFrame): void {
  const { headers } = frame
  if (isDurableSubscription(headers) && !headers.has('id')) {
    throw new StompError('Missing Header', "Header 'id' is required for durable subscriptions")
  }
  const { tag, description } = nameSubscription('UNSUBSCRIBE', headers)
  const subscription = session.subscriptions.get(tag)
  if (subscription === undefined) {
    throw new StompError(
      'No subscription found',
      'UNSUBSCRIBE must refer to an existing subscription.\n' +
        `Subscription to ${quoted(description)} not found.\n`,
    )
  }
  const { asked } = subscription
  const isDeleted = asked.destination.kind === 'topic' && isDurableSubscription(headers)
  if (isDeleted) permitConfigure(session.rights, 'delete', { kind: 'queue', name: asked.queueName })
  subscription.deliverReady()
  session.subscriptions.delete(tag)
  subscription.cancel()
  session.acknowledge(frame, isDeleted ? deleteQueue(session, asked) : undefined)
}

function deleteQueue(session: StompSession, { queueName }: SubscriptionAsked): Ticket | undefined {
  const queue = session.vhost.findQueue(queueName)
  return queue && session.connection.context.broker.deleteQueue(queue)
}
