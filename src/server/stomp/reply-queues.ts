// `/temp-queue/n` in the reply-to of a SEND: a queue that the connection alone may consume from, and a subscription to
// it that nobody has to ask for. Whoever answers sees its real name.
import { stompLimits } from '../../limits/stomp.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { declareReplyQueue } from './declare-queues.ts'
import { parseDestination } from './destination.ts'
import { QueueSubscription } from './queue-subscription.ts'
import type { StompSession } from './session.ts'
import { StompError } from './stomp-error.ts'

/** How ids of such subscriptions begin: no client may choose one. */
export const tempQueuePrefix = '/temp-queue/'

/** What a message's reply-to is for those who answer. Throws StompError, and what declaring throws. */
export function replyQueueOf(
  session: StompSession,
  replyTo: string | undefined,
): string | undefined {
  if (replyTo?.startsWith(tempQueuePrefix) !== true) return replyTo
  const destination = parseDestination(replyTo)
  const known = session.replyQueues.get(destination.name)
  if (known !== undefined && session.vhost.findQueue(known) !== undefined) return known
  return openReplyQueue(session, destination.name)
}

function openReplyQueue(session: StompSession, name: string): string {
  if (session.replyQueues.size >= stompLimits.replyQueuesMax) {
    throw new StompError(
      'Invalid destination',
      `Too many reply queues (limit ${stompLimits.replyQueuesMax})\n`,
    )
  }
  const queue = declareReplyQueue(session)
  const id = `${tempQueuePrefix}${name}`
  const tag = `T_${id}`
  const subscription = new QueueSubscription(session, {
    tag,
    id,
    description: `id='${id}'`,
    destination: { kind: 'temp-queue', name },
    queueName: queue.name,
    ackMode: 'auto',
    prefetch: 0,
  })
  if (queue.kind === 'queue') subscription.open(queue, emptyTable)
  session.subscriptions.set(tag, subscription)
  session.replyQueues.set(name, queue.name)
  return queue.name
}
