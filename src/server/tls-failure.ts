// Why a handshake failed, in words for whoever reads the broker's log.
import type { TLSSocket } from 'node:tls'
import type { Logger } from '../lib/logger.ts'

export interface HandshakeFailure {
  readonly remoteAddress: string
  readonly reason: string
  /** The peer just went away, as health checks and port scanners do. */
  readonly isUsual: boolean
}

const noTls = 'it does not speak TLS, and this port takes nothing else'

const reasons: Readonly<Record<string, string>> = {
  ECONNRESET: 'it went away',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_HTTP_REQUEST: noTls,
  ERR_SSL_HTTPS_PROXY_REQUEST: noTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it offers no version of TLS from 1.2 on',
  ERR_SSL_NO_SHARED_CIPHER: 'it offers no cipher that the broker accepts',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it shows no certificate; tls-client-ca demands one',
}

interface HandshakeError extends NodeJS.ErrnoException {
  /** OpenSSL's words; its message also has places in its source. */
  readonly reason?: string
}

/** What a client says that does not like the broker's certificate. */
const certificateAlert = /_ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_\w+)$/

/** Puts the error of a handshake into words. */
export function describeFailure(
  error: HandshakeError,
  socket: Pick<TLSSocket, 'authorizationError'>,
): Omit<HandshakeFailure, 'remoteAddress'> {
  // Node's types call it an error; it is OpenSSL's name for what is wrong.
  const refusal = socket.authorizationError as unknown as string | null
  if (refusal !== null) {
    return { reason: `tls-client-ca does not vouch for it (${refusal})`, isUsual: false }
  }
  return { reason: reasonFor(error), isUsual: error.code === 'ECONNRESET' }
}

function reasonFor({ code = '', reason, message }: HandshakeError): string {
  if (certificateAlert.test(code)) return "it does not trust the broker's certificate"
  return reasons[code] ?? (reason === undefined ? message : `OpenSSL says: ${reason}`)
}

const tlsHandshakeRecord = 0x16
const tlsMajorVersion = 3

/** Who came to which plain port. */
export interface PlainClient {
  readonly remoteAddress: string
  readonly port: 'AMQP' | 'HTTP' | 'Kafka' | 'MQTT' | 'STOMP' | 'metrics'
}

/** Says so where a connection to a plain port begins as TLS does. */
export function warnIfTls(
  beginning: Buffer,
  { remoteAddress, port }: PlainClient,
  logger: Logger,
): boolean {
  const isTls = beginning[0] === tlsHandshakeRecord && beginning[1] === tlsMajorVersion
  if (isTls) logger.warn(`${remoteAddress} speaks TLS to the plain ${port} port`)
  return isTls
}
