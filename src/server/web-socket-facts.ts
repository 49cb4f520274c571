// What protocols may know of a client that comes by WebSocket, and may say of its end. Of other sockets nothing is known,
// and what is said of them is lost: a protocol need not ask which it has.
import type { Socket } from 'node:net'
import type { Credentials } from '../auth/sasl.ts'

export interface WebSocketFacts {
  /** As the client named it, of those that it offered. */
  readonly subProtocol: string | undefined
  /** Of the request (Authorization: Basic, RFC 7617). */
  readonly login: Credentials | undefined
}

/** Why a connection is ended, for its close code: RFC 6455 7.4.1. */
export type EndReason = 'shutting-down' | 'protocol-error'

const facts = new WeakMap<Socket, WebSocketFacts>()
const reasons = new WeakMap<Socket, EndReason>()

export function noteWebSocket(socket: Socket, known: WebSocketFacts): void {
  facts.set(socket, known)
}

/** Undefined for one without WebSocket. */
export function webSocketFactsOf(socket: Socket): WebSocketFacts | undefined {
  return facts.get(socket)
}

/** To be said before the socket is ended or destroyed; otherwise the end is a usual one. */
export function noteEndReason(socket: Socket, reason: EndReason): void {
  reasons.set(socket, reason)
}

export function endReasonOf(socket: Socket): EndReason | undefined {
  return reasons.get(socket)
}
