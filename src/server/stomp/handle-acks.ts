// ACK and NACK (STOMP 1.2 "ACK", "NACK"). As in RabbitMQ a client's ACK in mode `client` is for everything that was
// delivered before on the connection, whatever its subscription; the standard says, for its subscription.
import { settlers } from '../../broker/settle.ts'
import type { Settle, SettleReason } from '../../broker/unacked-deliveries.ts'
import { StompDelivery } from './delivery.ts'
import { transactionOf } from './handle-transactions.ts'
import { findBoolean, quoted } from './read-header.ts'
import type { StompSession } from './session.ts'
import { StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'

export function handleAck(session: StompSession, frame: StompFrame): void {
  settle(session, frame, 'ack')
}

/** `requeue:false` lets the message die: it goes to the queue's dead-letter exchange, if there is one. */
export function handleNack(session: StompSession, frame: StompFrame): void {
  const { settings } = session.connection.context
  const isRequeued = findBoolean(frame.headers, 'requeue') ?? settings.requeuesNacked
  settle(session, frame, isRequeued ? 'requeue' : 'reject')
}

function settle(session: StompSession, frame: StompFrame, reason: SettleReason): void {
  const transaction = transactionOf(session, frame.headers)
  const tag = deliveryTagOf(session, frame)
  const delivery = session.unacked.holderOf(tag)
  if (delivery === undefined) {
    throw new StompError('Message not found', `unknown delivery tag ${tag}\n`)
  }
  const isCumulative = delivery instanceof StompDelivery && delivery.isCumulative
  const settleEach = (settleOne: Settle): void => {
    if (isCumulative) session.unacked.settleThrough(tag, settleOne)
    else session.unacked.settle(tag, settleOne)
  }
  if (transaction !== undefined) {
    transaction.addSettled(reason, settleEach)
    session.acknowledge(frame, undefined)
  } else if (frame.headers.has('receipt')) settleDurably(session, frame, { reason, settleEach })
  else settleNow(session, { reason, settleEach })
}

interface Settling {
  readonly reason: SettleReason
  /** Settles what the frame is about. */
  readonly settleEach: (settle: Settle) => void
}

function settleNow(session: StompSession, { reason, settleEach }: Settling): void {
  const before = session.unacked.count
  settleEach(settlers[reason])
  if (reason === 'ack') session.counters.acked += before - session.unacked.count
  session.room.tellRefused()
}

/** The receipt says that the message does not come again, whatever happens. */
function settleDurably(session: StompSession, frame: StompFrame, settling: Settling): void {
  const transaction = session.createTransaction()
  transaction.addSettled(settling.reason, settling.settleEach)
  transaction.commit(({ ticket }) => session.acknowledge(frame, ticket))
}

/** Message ids are `<tag of the subscription>@@<session>@@<delivery tag>`. */
function deliveryTagOf({ id, version }: StompSession, { command, headers }: StompFrame): number {
  const name = version === '1.2' ? 'id' : 'message-id'
  const value = headers.get(name)
  if (value === undefined) {
    throw new StompError(
      'Missing header',
      `${quoted(command)} must include the ${quoted(name)} header\n`,
    )
  }
  const [tag = '', session] = value.split('@@').toReversed()
  if (session === id && /^\d{1,15}$/.test(tag)) return Number(tag)
  throw new StompError(
    'Invalid header',
    `${quoted(command)} must include a valid ${quoted(name)} header\n`,
  )
}
