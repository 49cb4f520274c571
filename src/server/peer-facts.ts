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

/** As one node says it to another. */
export interface PeerFactsAsJson {
  readonly remoteAddress: string
  readonly transport: Transport
  readonly tls?: TlsFactsAsJson | undefined
  readonly receivedSize: number
  readonly sentSize: number
}

interface TlsFactsAsJson {
  readonly protocol: string
  readonly cipherSuite: string
  readonly certificate?: {
    readonly subject: string
    readonly issuer: string
    /** Milliseconds since the Unix epoch. */
    readonly validFrom: number
    readonly validTo: number
  }
}

export function peerToJson(peer: PeerFacts): PeerFactsAsJson {
  return {
    remoteAddress: peer.remoteAddress,
    transport: peer.transport,
    tls: peer.tls && tlsToJson(peer.tls),
    receivedSize: peer.receivedBefore,
    sentSize: peer.sentBefore,
  }
}

/** Throws for what is no such thing. */
export function peerFromJson(json: PeerFactsAsJson): PeerFacts {
  if (typeof json.remoteAddress !== 'string') throw new Error('a client without an address')
  return {
    remoteAddress: json.remoteAddress,
    transport: transportFrom(json.transport),
    tls: json.tls && tlsFromJson(json.tls),
    receivedBefore: json.receivedSize,
    sentBefore: json.sentSize,
  }
}

function transportFrom({ peer, local, isTls }: Transport): Transport {
  return {
    peer: { host: peer.host, port: peer.port },
    local: { host: local.host, port: local.port },
    isTls,
  }
}

function tlsToJson({ protocol, cipherSuite, certificate }: TlsFacts): TlsFactsAsJson {
  if (certificate === undefined) return { protocol, cipherSuite }
  const { subject, issuer, validFrom, validTo } = certificate
  const dates = { validFrom: validFrom.getTime(), validTo: validTo.getTime() }
  return { protocol, cipherSuite, certificate: { subject, issuer, ...dates } }
}

function tlsFromJson({ protocol, cipherSuite, certificate }: TlsFactsAsJson): TlsFacts {
  if (certificate === undefined) return { protocol, cipherSuite, certificate }
  const { subject, issuer, validFrom, validTo } = certificate
  const dates = { validFrom: new Date(validFrom), validTo: new Date(validTo) }
  return { protocol, cipherSuite, certificate: { subject, issuer, ...dates } }
}
