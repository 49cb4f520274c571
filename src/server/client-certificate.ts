import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Of clients that another node has let in. */
const noted = new WeakMap<Socket, X509Certificate>()

/** What the client behind a socket without TLS has shown to another node, which has checked it. */
export function noteClientCertificate(socket: Socket, certificate: X509Certificate): void {
  noted.set(socket, certificate)
}

/** What the client of a connection has shown, if one of `--tls-client-ca` signed it. */
export function clientCertificateOf(socket: Socket): X509Certificate | undefined {
  if (!isTls(socket)) return noted.get(socket)
  return socket.authorized ? socket.getPeerX509Certificate() : undefined
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}
