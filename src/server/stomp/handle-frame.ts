// Which code handles which frame of a client that is logged in.
import { clientLimits } from '../../limits/clients.ts'
import { mayDeclare } from './declare-queues.ts'
import { parseDestination } from './destination.ts'
import { handleAck, handleNack } from './handle-acks.ts'
import { handleDisconnect } from './handle-disconnect.ts'
import { handleSend } from './handle-send.ts'
import { handleSubscribe } from './handle-subscribe.ts'
import { handleAbort, handleBegin, handleCommit } from './handle-transactions.ts'
import { handleUnsubscribe } from './handle-unsubscribe.ts'
import { quoted } from './read-header.ts'
import type { StompSession } from './session.ts'
import { StompError } from './stomp-error.ts'
import { keepFrame, type StompFrame } from './stomp-frame.ts'

/** Throws StompError, and what the broker throws. */
type FrameHandler = (session: StompSession, frame: StompFrame) => void

const handlers: ReadonlyMap<string, FrameHandler> = new Map([
  ['SEND', handleSend],
  ['SUBSCRIBE', handleSubscribe],
  ['UNSUBSCRIBE', handleUnsubscribe],
  ['ACK', handleAck],
  ['NACK', handleNack],
  ['BEGIN', handleBegin],
  ['COMMIT', handleCommit],
  ['ABORT', handleAbort],
  ['DISCONNECT', handleDisconnect],
])

/** Handles a frame, at once or as soon as declarations are kept as fast as they come. */
export function handleFrame(session: StompSession, frame: StompFrame): void {
  const handler = handlers.get(frame.command)
  if (handler === undefined) {
    throw new StompError('Bad command', `Could not interpret command ${quoted(frame.command)}\n`)
  }
  const { connection } = session
  const { topology } = connection.context.broker
  if (!topology.isBehind || !isDeclaration(session, frame)) {
    handler(session, frame)
    return
  }
  const kept = keepFrame(frame)
  const size = clientLimits.keptFrameSize + kept.end
  connection.wait()
  connection.held.change('parked', size)
  topology.whenCaughtUp(() =>
    connection.resume(() => {
      connection.held.change('parked', -size)
      handler(session, kept)
    }, kept.headers.get('receipt')),
  )
}

/** Whether a frame may change the topology. */
function isDeclaration(session: StompSession, { command, headers }: StompFrame): boolean {
  if (command === 'SUBSCRIBE' || command === 'UNSUBSCRIBE') return true
  const destination = headers.get('destination')
  if (command !== 'SEND' || destination === undefined) return false
  return mayDeclare(session, parseDestination(destination))
}
