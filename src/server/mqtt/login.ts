// Who a client of MQTT is: by a name and a password or a token, by its certificate, by SCRAM, or anonymous.
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { distinguishedName, userOfCertificate } from '../../auth/certificate-user.ts'
import type { Origin } from '../../auth/principal.ts'
import { nameInClientFirst } from '../../auth/scram-exchange.ts'
import type { LoginRefusal, LoginResult, Users } from '../../auth/users.ts'
import type { ConnectPacket } from '../../codec/mqtt/connect.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Logger } from '../../lib/logger.ts'
import { authLimits } from '../../limits/auth.ts'
import { clientCertificateOf } from '../client-certificate.ts'
import type { MqttSettings } from './mqtt-context.ts'
import { MqttError } from './mqtt-error.ts'

export interface LoginAsked {
  readonly username: string | undefined
  readonly password: Buffer | undefined
  /** The user that the certificate names, where that logs it in. */
  readonly certificateUser: string | undefined
}

type NamedConnect = Pick<ConnectPacket, 'username' | 'properties'>

/** The user that a client's certificate names, where such log in by it. */
export function certificateUserOf(
  socket: Socket,
  { hasCertificateLogin, certificateName }: MqttSettings,
): string | undefined {
  if (!hasCertificateLogin) return undefined
  const certificate = clientCertificateOf(socket)
  return certificate && userOfCertificate(certificate, certificateName)
}

/** Undefined for a login that cannot be one: a name without a password, or a password that is empty. */
export function logIn(
  users: Users,
  { username, password, certificateUser }: LoginAsked,
  settings: Pick<MqttSettings, 'anonymousUser'>,
  origin: Origin,
): LoginResult | Promise<LoginResult> | undefined {
  // A name and a password come before everything else, as in RabbitMQ.
  if (username !== undefined || password !== undefined) {
    if (password === undefined || password.length === 0) return undefined
    return users.authenticate({ user: username ?? '', password }, origin)
  }
  if (certificateUser !== undefined) return users.loginProved(certificateUser, true, origin)
  const { anonymousUser } = settings
  return anonymousUser === undefined ? undefined : users.loginProved(anonymousUser, true, origin)
}

/** Whom a CONNECT names, perhaps with a virtual host: by its User Name, or else in the first message of SCRAM. */
export function nameGivenIn({ username, properties }: NamedConnect): string | undefined {
  const { authenticationMethod: method, authenticationData: data } = properties
  if (username !== undefined || method === undefined || data === undefined) return username
  return nameInClientFirst(data)
}

export function tellRefused(
  logger: Logger,
  remote: string,
  { refusal, waitMs }: LoginRefusal,
): void {
  // The rest of a flood is not told one by one.
  if (waitMs >= authLimits.wrongLoginWaitMsMax) return
  logger.warn({ remote, reason: refusal, waitMs }, 'Login refused')
}

/** Throws MqttError when the client id is not what the client's certificate says. */
export function checkCertificateClientId(
  socket: Socket,
  { clientId }: Pick<ConnectPacket, 'clientId'>,
  { certificateClientId: from }: Pick<MqttSettings, 'certificateClientId'>,
): void {
  if (from === 'none') return
  const certificate = clientCertificateOf(socket)
  if (certificate === undefined) return
  const names =
    from === 'distinguished-name'
      ? [distinguishedName(certificate.subject)]
      : alternativeNames(certificate)
  if (names.includes(clientId)) return
  throw new MqttError(reasonCode.clientIdNotValid, "the client id is not the certificate's")
}

/** `DNS:sensor-7, URI:…` as Node writes them; a value with a comma in it is quoted. */
function alternativeNames({ subjectAltName }: X509Certificate): string[] {
  const parts = (subjectAltName ?? '').match(/[^:,]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/gu) ?? []
  return parts.map((part) => {
    const value = part.slice(part.indexOf(':') + 1).trim()
    return value.startsWith('"') ? (JSON.parse(value) as string) : value
  })
}
