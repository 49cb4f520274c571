// What a node says to another of a client that it passes on before it has logged in, as JSON: who is at its other end,
// the certificate that it has shown, and what is known of it by WebSocket. Afterwards all that is asked of its socket is
// asked of the link's: see `adoptPassed`.
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { clientCertificateOf, noteClientCertificate } from './client-certificate.ts'
import {
  type PeerFacts,
  peerFactsOf,
  peerFromJson,
  type PeerFactsAsJson,
  peerToJson,
} from './peer-facts.ts'
import { noteWebSocket, webSocketFactsOf } from './web-socket-facts.ts'

interface PassedClientFacts {
  readonly peer: PeerFactsAsJson
  /** DER in base64, of one that an authority of this node has signed. */
  readonly certificate?: string | undefined
  readonly webSocket?: {
    readonly subProtocol?: string | undefined
    /** A password in base64. */
    readonly login?: { readonly user: string; readonly password: string } | undefined
  }
}

/** Of a client that is there. */
export function passedClientFacts(socket: Socket): PassedClientFacts {
  const certificate = clientCertificateOf(socket)
  const webSocket = webSocketFactsOf(socket)
  const login = webSocket?.login
  return {
    peer: peerToJson(peerFactsOf(socket)),
    certificate: certificate?.raw.toString('base64'),
    ...(webSocket && {
      webSocket: {
        subProtocol: webSocket.subProtocol,
        login: login && {
          user: login.user,
          password: Buffer.from(login.password).toString('base64'),
        },
      },
    }),
  }
}

/** What another node says of a client. It has proved that it is one, and is believed. Throws for what is no such thing. */
export function passedClientOf(facts: object): PassedClient {
  const { peer, certificate, webSocket } = facts as PassedClientFacts
  return {
    peer: peerFromJson(peer),
    certificate:
      certificate === undefined
        ? undefined
        : new X509Certificate(Buffer.from(certificate, 'base64')),
    webSocket: webSocket && {
      subProtocol: webSocket.subProtocol,
      login: webSocket.login && {
        user: webSocket.login.user,
        password: Buffer.from(webSocket.login.password, 'base64'),
      },
    },
  }
}

export interface PassedClient {
  readonly peer: PeerFacts
  readonly certificate: X509Certificate | undefined
  readonly webSocket: ReturnType<typeof webSocketFactsOf>
}

/** The socket of a link is the client's from now on; what nodes have said to each other is nothing of it. */
export function adoptPassed(
  socket: Socket,
  { peer, certificate, webSocket }: PassedClient,
): PeerFacts {
  if (certificate !== undefined) noteClientCertificate(socket, certificate)
  if (webSocket !== undefined) noteWebSocket(socket, webSocket)
  return {
    ...peer,
    receivedBefore: peer.receivedBefore - socket.bytesRead,
    sentBefore: peer.sentBefore - socket.bytesWritten,
  }
}
