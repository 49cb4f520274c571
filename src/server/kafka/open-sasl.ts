import type { Socket } from 'node:net'
import { userOfCertificate } from '../../auth/certificate-user.ts'
import type { Principal } from '../../auth/principal.ts'
import { clientCertificateOf } from '../client-certificate.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { KafkaContext } from './kafka-context.ts'
import { SaslState } from './sasl-state.ts'

/** A client that has just come, or was passed on. */
export interface Arrival {
  readonly socket: Socket
  readonly peer: Pick<PeerFacts, 'remoteAddress'>
  readonly isPassedOn: boolean
  /** Whom its certificate names, as another node says. */
  readonly certifiedAs?: string | undefined
  /** Whom another node has logged in. */
  readonly principal?: Principal | undefined
}

/** How far a new connection is with its login: who has shown a certificate of a user is in. */
export function openSasl(
  { socket, peer, isPassedOn, certifiedAs, principal }: Arrival,
  { users, clock, logger, settings }: KafkaContext,
): SaslState {
  const certificate = isPassedOn ? undefined : clientCertificateOf(socket)
  return new SaslState(users, {
    remoteAddress: peer.remoteAddress,
    loggedIn: principal,
    certifiedAs: certificate
      ? userOfCertificate(certificate, settings.certificateName)
      : certifiedAs,
    sessionMsMax: settings.sessionMsMax,
    clock,
    logger,
  })
}
