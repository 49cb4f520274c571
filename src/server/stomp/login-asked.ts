// What CONNECT asks for, and what follows from it: the version, who the client is, and its virtual host. Refusals are in
// RabbitMQ's words, and end the connection.
import { userOfCertificate } from '../../auth/certificate-user.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import type { Credentials } from '../../auth/sasl.ts'
import type { LoginResult } from '../../auth/users.ts'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { negotiateVersion, type StompVersion } from '../../codec/stomp/stomp-version.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { findConnectionLimit } from '../connection-limits.ts'
import { type HeartBeatIntervals, readHeartBeat } from './heart-beats.ts'
import type { StompContext } from './stomp-context.ts'
import { StompError } from './stomp-error.ts'

/** What is asked for, before anybody is asked who it is. */
export interface LoginAsked {
  readonly version: StompVersion
  readonly heartBeats: HeartBeatIntervals
  readonly vhost: string
  readonly user: string
  /** SASL's name for how the client proves who it is. */
  readonly mechanism: string
  login(): LoginResult | Promise<LoginResult>
}

/** Who wants in, and where from. */
export interface LoginPeer {
  readonly context: Pick<StompContext, 'users' | 'settings'>
  readonly remoteAddress: string
  /** Subject of the certificate that the client has shown. */
  readonly certificate: Parameters<typeof userOfCertificate>[0] | undefined
  /** What it has logged in by with its request, if it came by WebSocket. */
  readonly httpLogin: Credentials | undefined
}

/** Throws StompError when the frame itself is wrong. */
export function readLogin(peer: LoginPeer, headers: FrameHeaders): LoginAsked {
  const version = negotiateVersion(headers.get('accept-version'))
  if (version === undefined) {
    throw new StompError('Version mismatch', 'Supported versions are 1.0,1.1,1.2\n', true)
  }
  // RabbitMQ: old clients write a blank after the colon.
  const get = (name: string): string | undefined =>
    version === '1.0' ? headers.get(name)?.replace(/^ +/, '') : headers.get(name)
  const heartBeats = readHeartBeat(get('heart-beat') ?? '0,0')
  if (heartBeats === undefined) {
    throw badConnect("'heart-beat' must be two whole numbers with a comma between them")
  }
  const vhost = get('host') ?? peer.context.settings.defaultVHost
  return { version, heartBeats, vhost, ...credentialsOf(peer, get) }
}

type Credential = Pick<LoginAsked, 'user' | 'mechanism' | 'login'>

function credentialsOf(
  { context, remoteAddress, certificate, httpLogin }: LoginPeer,
  get: (name: string) => string | undefined,
): Credential {
  const { users, settings } = context
  const origin = { protocol: 'STOMP', address: remoteAddress } as const
  const byPassword = (credentials: Credentials): Credential => ({
    user: credentials.user,
    mechanism: 'PLAIN',
    login: () => users.authenticate(credentials, origin),
  })
  const proved = (user: string, mechanism: string): Credential => ({
    user,
    mechanism,
    login: () => users.loginProved(user, true, origin),
  })
  if (settings.takesHttpLogins && httpLogin !== undefined) return byPassword(httpLogin)
  const named = get('login')
  if (named !== undefined) {
    const password = Buffer.from(bytesOfName(get('passcode') ?? '') as string)
    return byPassword({ user: named, password })
  }
  if (settings.takesCertificates && certificate !== undefined) {
    const certified = userOfCertificate(certificate, settings.certificateName)
    if (certified !== undefined) return proved(certified, 'EXTERNAL')
  }
  const { defaultUser } = settings
  if (defaultUser !== undefined) return proved(defaultUser, 'ANONYMOUS')
  return byPassword(users.anonymous ?? { user: '', password: Buffer.alloc(0) })
}

export interface OpenedVHost {
  readonly vhost: VHost<Destination>
  readonly rights: Rights
}

/** The virtual host of a client that has logged in. Throws StompError. */
export function openVHost(
  context: Pick<StompContext, 'broker' | 'clients'>,
  principal: Principal,
  name: string,
): OpenedVHost {
  const { broker } = context
  const vhost = broker.findVHost(name)
  const rights = vhost && broker.access.rightsFor(principal, name)
  if (vhost === undefined || rights?.hasAccess !== true) {
    throw badConnect(`Virtual host '${name}' access denied`)
  }
  const limited = findConnectionLimit(context, principal.user, vhost)
  if (limited !== undefined) {
    throw badConnect(`Connection refused: ${limited.of} connection limit reached`)
  }
  return { vhost, rights }
}

/** What a client is told that may not log in. */
export function refusedLogin(user: string, isFromAfar: boolean): StompError {
  return badConnect(
    isFromAfar ? 'non-loopback access denied' : `Access refused for user '${user}'\n`,
  )
}

function badConnect(detail: string): StompError {
  return new StompError('Bad CONNECT', detail, true)
}
