import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What the client of a connection has shown, if one of `--tls-client-ca` signed it. */
export function clientCertificateOf(socket: Socket): X509Certificate | undefined {
  if (!isTls(socket) || !socket.authorized) return undefined
  return socket.getPeerX509Certificate()
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}
