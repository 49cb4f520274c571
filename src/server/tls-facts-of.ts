import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { distinguishedName } from '../auth/certificate-user.ts'
import type { CertificateFacts, TlsFacts } from '../broker/client/tls-facts.ts'
import { clientCertificateOf } from './client-certificate.ts'

/** To be asked while the socket is open; undefined for one without TLS. */
export function tlsFactsOf(socket: Socket): TlsFacts | undefined {
  if (!isTls(socket) || socket.destroyed) return undefined
  return {
    protocol: socket.getProtocol() ?? '',
    cipherSuite: socket.getCipher()?.standardName ?? '',
    certificate: certificateFactsOf(socket),
  }
}

function certificateFactsOf(socket: Socket): CertificateFacts | undefined {
  const certificate = clientCertificateOf(socket)
  return (
    certificate && {
      subject: distinguishedName(certificate.subject),
      issuer: distinguishedName(certificate.issuer),
      validFrom: certificate.validFromDate,
      validTo: certificate.validToDate,
    }
  )
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket
}
