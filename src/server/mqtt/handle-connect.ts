// CONNECT (section 3.1): who the client is, whether it may come in, and which session it has. It is told with CONNACK
// once that is durable, and what it sends meanwhile waits [MQTT-3.1.4-5].
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import { findScramMechanism } from '../../auth/scram-login.ts'
import type { LoginResult } from '../../auth/users.ts'
import { findGlobalParameter } from '../../broker/global-parameters.ts'
import { isClientIdShort } from '../../broker/session/session-queue-names.ts'
import type { Connected } from '../../broker/session/vhost-sessions.ts'
import type { ConnectPacket } from '../../codec/mqtt/connect.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Ticket } from '../../log/ticket.ts'
import { findConnectionLimit } from '../connection-limits.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { MqttDelivery } from './delivery.ts'
import { type AuthPeer, EnhancedAuth } from './enhanced-auth.ts'
import { findVHost, type FoundVHost, foundVHostOf } from './find-vhost.ts'
import {
  certificateUserOf,
  checkCertificateClientId,
  logIn,
  nameGivenIn,
  tellRefused,
} from './login.ts'
import type { MqttContext } from './mqtt-context.ts'
import { MqttError, unauthorized } from './mqtt-error.ts'
import type { MqttPlace } from './mqtt-peer.ts'
import { forbidSubscriptions } from './permit-subscription.ts'
import { neverExpires, sessionExpiryMs } from './session-expiry.ts'
import { willOf } from './will-of.ts'

/** What a client has been let in with. */
export interface Welcome {
  readonly connect: ConnectPacket
  readonly clientId: string
  readonly place: MqttPlace
  readonly connected: Connected
  /** Seconds; 0 for any. */
  readonly keepAlive: number
  /** How it has shown who it is; undefined where it was not by an exchange. */
  readonly proof: Proof | undefined
}

/** The end of an exchange [MQTT-4.12.0-5]. */
interface Proof {
  readonly authenticationMethod: string
  readonly authenticationData: Buffer
}

/** The connection, as long as it has no session. */
export interface ConnectingPeer extends AuthPeer {
  readonly socket: Socket
  readonly peer: PeerFacts
  readonly status: string
  principal: Principal | undefined
  /** Undefined for a client that has named no authentication method. */
  auth: EnhancedAuth | undefined
  /** Nothing more is read until the client has its session. */
  wait(): void
  /** What `action` throws ends the connection. */
  resume(action: () => void): void
  /** Where messages for the client go. */
  createDelivery(connect: ConnectPacket): MqttDelivery
  /** The client has its session, and is to be told when that is durable. */
  welcome(welcome: Welcome): void
}

/** Throws what the client is refused for. */
export function handleConnect(peer: ConnectingPeer, connect: ConnectPacket): void {
  const { context, socket } = peer
  const { settings, users } = context
  context.broker.admission.admit()
  const method = authenticationMethodOf(connect)
  checkClientId(connect)
  checkCertificateClientId(socket, connect, settings)
  const certificateUser = certificateUserOf(socket, settings)
  const { port } = peer.peer.transport.local
  const parameter = (name: string): unknown => findGlobalParameter(context.broker, name)
  const nameGiven = nameGivenIn(connect)
  const asks = { username: nameGiven, certificateUser, port }
  const found = foundVHostOf(socket) ?? findVHost(parameter, settings, asks)
  const { username } = found
  const origin = { protocol: 'MQTT', address: peer.peer.remoteAddress } as const
  peer.wait()
  if (method !== undefined) {
    const { packetSizeMax = Infinity, authenticationData } = connect.properties
    const names = { nameGiven, user: username }
    const auth = new EnhancedAuth(peer, { method, origin, packetSizeMax, ...names })
    peer.auth = auth
    auth.connect(authenticationData, (login, data) => {
      const proof = { authenticationMethod: method, authenticationData: data }
      onLogin(peer, { connect, found, proof }, login)
    })
    return
  }
  const asked = { username, password: connect.password, certificateUser }
  const login = logIn(users, asked, settings, origin) ?? badCredentials
  const arrival = { connect, found, proof: undefined }
  if (!(login instanceof Promise)) {
    onLogin(peer, arrival, login)
    return
  }
  void login.then((result) => {
    if (peer.status !== 'opening') return
    peer.resume(() => onLogin(peer, arrival, result))
  })
}

/** [MQTT-4.12.0-1] Undefined for a client that names none. */
function authenticationMethodOf({ properties }: ConnectPacket): EnhancedAuth['method'] | undefined {
  const { authenticationMethod: name } = properties
  if (name === undefined) return undefined
  const method = findScramMechanism(name)
  if (method !== undefined) return method
  throw new MqttError(reasonCode.badAuthenticationMethod, `authentication method '${name}'`)
}

const badCredentials: LoginResult = {
  principal: undefined,
  refusal: 'gave no name, or no password',
  waitMs: 0,
}

interface Arrival {
  readonly connect: ConnectPacket
  readonly found: FoundVHost
  readonly proof: Proof | undefined
}

/** Throws what the client is refused for. */
function onLogin(peer: ConnectingPeer, arrival: Arrival, login: LoginResult): void {
  if (login.principal !== undefined) {
    peer.principal = login.principal
    enter(peer, arrival, login.principal)
    return
  }
  const { logger, clock } = peer.context
  const { waitMs } = login
  tellRefused(logger, peer.peer.remoteAddress, login)
  const { username, password } = arrival.connect
  const isNameless = username === undefined && password === undefined
  // Who has given nothing has given nothing wrong, and a proof is no password.
  const isOther = isNameless || arrival.proof !== undefined
  const code = isOther ? reasonCode.notAuthorized : reasonCode.badUserNameOrPassword
  const refuse = (): void => {
    throw new MqttError(code, 'login refused')
  }
  if (waitMs === 0) refuse()
  clock.after(waitMs, () => {
    if (peer.status === 'opening') peer.resume(refuse)
  })
}

function enter(
  peer: ConnectingPeer,
  { connect, found, proof }: Arrival,
  principal: Principal,
): void {
  const { context } = peer
  const { broker } = context
  const vhost = broker.getVHost(found.vhost)
  const clientId = connect.clientId === '' ? inventClientId(context) : connect.clientId
  const takenOver = context.sessions.find(vhost.name)?.all.get(clientId)
  // One that takes the place of its own earlier connection is not one more.
  const isMore = takenOver?.client === undefined || takenOver.user !== principal.user
  const reached = isMore ? findConnectionLimit(context, principal.user, vhost) : undefined
  if (reached !== undefined) {
    const whose = reached.of === 'vhost' ? `vhost '${vhost.name}'` : `user '${principal.user}'`
    const text = `connection limit (${reached.limit}) of ${whose} is reached`
    throw new MqttError(reasonCode.quotaExceeded, text)
  }
  const rights = broker.access.rightsFor(principal, vhost.name).forClient(clientId)
  if (!rights.hasAccess) {
    throw unauthorized(`access to vhost '${vhost.name}' refused for user '${principal.user}'`)
  }
  const sessions = context.sessions.of(vhost)
  const will = connect.will && willOf(connect.will, { vhost, rights, principal }, context.toRecord)
  const { settings } = context
  const connected = sessions.connect({
    clientId,
    user: principal.user,
    isCleanStart: connect.isCleanStart,
    expiryMs: sessionExpiryMs(expiryAskedBy(connect), settings),
    will,
    receiveMax: Math.min(connect.properties.receiveMax ?? settings.prefetch, settings.prefetch),
    client: peer.createDelivery(connect),
  })
  const { session, isPresent: isResumed } = connected
  const place = { vhost, rights, sessions, session, isResumed }
  if (isResumed) forbidSubscriptions(place, context)
  const keepAlive = keepAliveFor(connect, settings.keepAliveSecondsMax)
  peer.welcome({ connect, clientId, place, connected, keepAlive, proof })
}

/** Whether the client has to wait for the disk before it is told. */
export function ticketOf({ connected, connect }: Welcome): Ticket | undefined {
  const isKept = connected.session.isPersistent || connect.will !== undefined
  return isKept ? connected.ticket : undefined
}

/** A clean session of MQTT 3 ends with its connection, another one never does. */
function expiryAskedBy({ version, isCleanStart, properties }: ConnectPacket): number {
  if (version === 5) return properties.sessionExpiry ?? 0
  return isCleanStart ? 0 : neverExpires
}

function keepAliveFor({ keepAlive }: ConnectPacket, max: number): number {
  if (max === 0) return keepAlive
  return keepAlive === 0 ? max : Math.min(keepAlive, max)
}

/** [MQTT-3.1.3-7] [MQTT-3.1.3-8] of 3.1.1; before, every client had an id. */
function checkClientId({ clientId, version, isCleanStart }: ConnectPacket): void {
  const { clientIdNotValid } = reasonCode
  const mayBeEmpty = version === 5 || (version === 4 && isCleanStart)
  if (clientId === '' && !mayBeEmpty) throw new MqttError(clientIdNotValid, 'no client id')
  if (isClientIdShort(clientId)) return
  const size = Buffer.byteLength(clientId)
  throw new MqttError(clientIdNotValid, `client id of ${size} bytes, which is too long`)
}

function inventClientId({ random }: MqttContext): string {
  return `auto-${random.bytes(16).toString('hex')}`
}
