import type { Socket } from 'node:net'
import { userOfCertificate } from '../../auth/certificate-user.ts'
import { clientCertificateOf } from '../client-certificate.ts'
import type { KafkaContext } from './kafka-context.ts'
import { SaslState } from './sasl-state.ts'

/** How far a new connection is with its login: who has shown a certificate of a user is in. */
export function openSasl(
  socket: Socket,
  { users, clock, logger, settings }: KafkaContext,
): SaslState {
  const certificate = clientCertificateOf(socket)
  return new SaslState(users, {
    remoteAddress: socket.remoteAddress ?? '',
    certifiedAs: certificate && userOfCertificate(certificate, settings.certificateName),
    sessionMsMax: settings.sessionMsMax,
    clock,
    logger,
  })
}
