// BEGIN, COMMIT and ABORT (STOMP 1.2 "BEGIN").
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { stompLimits } from '../../limits/stomp.ts'
import { quoted } from './read-header.ts'
import type { StompSession } from './session.ts'
import { StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'
import type { StompTransaction } from './transaction.ts'

export function handleBegin(session: StompSession, frame: StompFrame): void {
  const id = transactionIdOf(frame)
  if (session.transactions.has(id)) {
    throw new StompError('Bad transaction', `Transaction identifier in use: ${quoted(id)}\n`)
  }
  if (session.transactions.size >= stompLimits.transactionsMax) {
    throw new StompError(
      'Transaction limit exceeded',
      `Too many concurrent transactions (limit ${stompLimits.transactionsMax})`,
    )
  }
  session.transactions.set(id, session.createTransaction())
  session.acknowledge(frame, undefined)
}

/** The receipt says that all of it is durable. */
export function handleCommit(session: StompSession, frame: StompFrame): void {
  const id = transactionIdOf(frame)
  const { connection, publisher } = session
  const transaction = findTransaction(session, id)
  publisher.waitingReceipt = frame.headers.get('receipt')
  transaction.commit(({ ticket, isRefused }) => {
    publisher.waitingReceipt = undefined
    session.transactions.delete(id)
    if (ticket !== undefined) connection.lastTicket = ticket
    // The rest of it is done, as in RabbitMQ.
    if (isRefused) throw preconditionFailed('partial tx completion')
    session.acknowledge(frame, ticket)
  })
  if (publisher.intake.isHolding) connection.onHoldingChanged(true)
}

/** What was settled is unacked again, as if nothing had been said. */
export function handleAbort(session: StompSession, frame: StompFrame): void {
  const id = transactionIdOf(frame)
  findTransaction(session, id).abort()
  session.transactions.delete(id)
  session.acknowledge(frame, undefined)
}

/** The transaction that SEND, ACK or NACK belongs to, with room for it; undefined for none. */
export function transactionOf(
  session: StompSession,
  headers: FrameHeaders,
): StompTransaction | undefined {
  const id = headers.get('transaction')
  if (id === undefined) return undefined
  const transaction = findTransaction(session, id)
  transaction.expectRoom()
  return transaction
}

function findTransaction(session: StompSession, id: string): StompTransaction {
  const transaction = session.transactions.get(id)
  if (transaction !== undefined) return transaction
  throw new StompError('Bad transaction', `Invalid transaction identifier: ${quoted(id)}\n`)
}

function transactionIdOf({ command, headers }: StompFrame): string {
  const id = headers.get('transaction')
  if (id !== undefined) return id
  throw new StompError(
    'Missing transaction',
    `${quoted(command)} must include a 'transaction' header\n`,
  )
}
