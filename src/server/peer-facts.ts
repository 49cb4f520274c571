// Who is at the other end of a connection: as its socket says, or as another node says of a client that it passes on.
import type { Socket } from 'node:net'
import type { TlsFacts } from '../broker/client/tls-facts.ts'
import { type Transport, transportOf } from '../lib/transport.ts'
import { tlsFactsOf } from './tls-facts-of.ts'

export interface PeerFacts {
  /** IP address, as the socket of the client reports it. */
  readonly remoteAddress: string
  readonly transport: Transport
  /** Undefined without TLS. */
  readonly tls: TlsFacts | undefined
  /** Bytes that it has sent and was sent over another socket, less those of this one that are not its. */
  readonly receivedBefore: number
  readonly sentBefore: number
}

/** Of an accepted socket; to be asked while it is open. TLS is asked for when somebody wants to know. */
export function peerFactsOf(socket: Socket): PeerFacts {
  return {
    remoteAddress: socket.remoteAddress ?? '',
    transport: transportOf(socket),
    get tls() {
      return tlsFactsOf(socket)
    },
    receivedBefore: 0,
    sentBefore: 0,
  }
}
