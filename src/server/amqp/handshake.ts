// From the first byte to connection.open-ok (AMQP 0-9-1 §2.2.4):
//
//   protocol header → start … start-ok → tune … tune-ok → (heartbeats) open … open-ok
//
// Each step takes one method and answers it; anything else is refused.
import type { Socket } from 'node:net'
import { userOfCertificate } from '../../auth/certificate-user.ts'
import type { Origin, Principal } from '../../auth/principal.ts'
import { parseAmqplain, parsePlain } from '../../auth/sasl.ts'
import type { Credentials } from '../../auth/sasl.ts'
import type { LoginRefusal, LoginResult } from '../../auth/users.ts'
import {
  type AmqpMethod,
  CONNECTION_OPEN,
  CONNECTION_START,
  CONNECTION_START_OK,
  CONNECTION_TUNE,
  CONNECTION_TUNE_OK,
  type ConnectionStartOk,
  type ConnectionTuneOk,
  methodNames,
} from '../../codec/amqp/methods.gen.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { authLimits } from '../../limits/auth.ts'
import { type FieldTable, emptyTable } from '../../record/message/field-table.ts'
import { decodeTableEntries } from '../../record/message/read-field-table.ts'
import { clientCertificateOf } from '../client-certificate.ts'
import type { AmqpContext } from './amqp-context.ts'
import type { ChosenLimits } from './chosen-limits.ts'
import type { Handover } from './handover.ts'
import { ProtocolError, type Reply } from './reply.ts'
import { serverProperties } from './server-properties.ts'

/** What it takes to greet a client: nothing of any virtual host. */
export type HandshakeContext = Pick<
  AmqpContext,
  'admission' | 'users' | 'settings' | 'clusterName' | 'logger' | 'clock'
>

/** The connection that is being opened. */
export interface HandshakePeer {
  readonly context: HandshakeContext
  readonly remoteAddress: string
  readonly socket: Socket
  readonly status: string
  principal: Principal | undefined
  send(channel: number, method: AmqpMethod): void
  /** The client chose its limits. */
  tune(chosen: ChosenLimits): void
  /** The client has chosen a virtual host: the last step. What it throws closes the connection. */
  open(virtualHost: string): void
  /** Ends the connection in `ms`, unless it is opened before. */
  endAfter(ms: number): void
  /** Ends the connection and tells the client why. */
  closeForReply(reply: Reply): void
}

const unreadable: LoginRefusal = { refusal: 'the credentials cannot be read', waitMs: 0 }
const versionMajor = 0
const versionMinor = 9
const channelMaxCeiling = 65_535

export class Handshake {
  /** What the client says it is; empty until start-ok. */
  clientProperties: FieldTable = emptyTable
  /** Undefined until the client has logged in. */
  mechanism: string | undefined
  readonly #connection: HandshakePeer
  #expected: 'start-ok' | 'login' | 'tune-ok' | 'open' | 'nothing' = 'start-ok'

  constructor(connection: HandshakePeer) {
    this.#connection = connection
  }

  /** Greets a client that sent the right protocol header. */
  start(): void {
    const { clusterName, settings } = this.#connection.context
    this.#connection.send(0, {
      id: CONNECTION_START,
      versionMajor,
      versionMinor,
      serverProperties: serverProperties(settings, clusterName()),
      mechanisms: Buffer.from(this.#mechanisms.join(' ')),
      locales: Buffer.from('en_US'),
    })
  }

  /**
   * As offered to clients, preferred first. ANONYMOUS logs in as guest, so it goes with guest; EXTERNAL goes
   * with a certificate.
   */
  get #mechanisms(): readonly string[] {
    const { anonymous } = this.#connection.context.users
    return [
      'PLAIN',
      'AMQPLAIN',
      ...(clientCertificateOf(this.#connection.socket) === undefined ? [] : ['EXTERNAL']),
      ...(anonymous === undefined ? [] : ['ANONYMOUS']),
    ]
  }

  /** Whether the client announced a capability in its properties. */
  hasCapability(name: string): boolean {
    const capabilities = this.clientProperties.get('capabilities')
    return capabilities?.type === 'table' && capabilities.value.get(name)?.value === true
  }

  /** Another node, or another part of this one, has greeted the client and knows who it is. */
  resume({ clientProperties, mechanism }: Pick<Handover, 'clientProperties' | 'mechanism'>): void {
    this.clientProperties = clientProperties
    this.mechanism = mechanism
    this.#expected = 'open'
  }

  /** Takes the next method. Throws ProtocolError for one that does not belong here. */
  onMethod(method: AmqpMethod): void {
    if (this.#expected === 'nothing') return
    if (this.#expected === 'start-ok' && method.id === CONNECTION_START_OK) this.#onStartOk(method)
    else if (this.#expected === 'tune-ok' && method.id === CONNECTION_TUNE_OK)
      this.#onTuneOk(method)
    else if (this.#expected === 'open' && method.id === CONNECTION_OPEN) {
      this.#expected = 'nothing'
      this.#connection.open(method.virtualHost)
    } else {
      const name = methodNames.get(method.id) ?? method.id
      throw new ProtocolError('command_invalid', `expected '${this.#expected}', got '${name}'`)
    }
  }

  #onStartOk(method: ConnectionStartOk): void {
    this.#connection.context.admission.admit()
    this.clientProperties = method.clientProperties
    const origin = { protocol: 'AMQP 0-9-1', address: this.#connection.remoteAddress } as const
    const login = this.#login(method, origin) ?? { ...unreadable, principal: undefined }
    if (!(login instanceof Promise)) {
      this.#onLogin(method, login)
      return
    }
    // A client that waits for tune, as it has to, sends nothing meanwhile.
    this.#expected = 'login'
    void login.then((result) => {
      if (this.#connection.status === 'handshake') this.#onLogin(method, result)
    })
  }

  #onLogin({ mechanism }: ConnectionStartOk, login: LoginResult): void {
    if (login.principal === undefined) {
      this.#refuse(mechanism, login)
      return
    }
    this.#connection.principal = login.principal
    this.mechanism = mechanism
    this.#expected = 'tune-ok'
    const { channelMax, frameMax, heartbeatSeconds } = this.#connection.context.settings
    this.#connection.send(0, {
      id: CONNECTION_TUNE,
      channelMax,
      frameMax,
      heartbeat: heartbeatSeconds,
    })
  }

  #login(
    method: ConnectionStartOk,
    origin: Origin,
  ): LoginResult | Promise<LoginResult> | undefined {
    const { users } = this.#connection.context
    const certificate = clientCertificateOf(this.#connection.socket)
    if (method.mechanism !== 'EXTERNAL' || certificate === undefined) {
      const credentials = this.#credentials(method)
      return credentials && users.authenticate(credentials, origin)
    }
    const user = userOfCertificate(certificate, this.#connection.context.settings.certificateName)
    return user === undefined ? undefined : users.loginProved(user, true, origin)
  }

  #credentials({ mechanism, response }: ConnectionStartOk): Credentials | undefined {
    if (mechanism === 'PLAIN') return parsePlain(response)
    if (mechanism === 'AMQPLAIN') {
      return parseAmqplain(decodeTableEntries(response, 0, response.length))
    }
    const { anonymous } = this.#connection.context.users
    // What the client sends with it (RFC 4505: a trace of who it is) is nobody's business.
    if (mechanism === 'ANONYMOUS' && anonymous !== undefined) return anonymous
    const kind = mechanism === 'ANONYMOUS' ? 'invalid' : 'unknown'
    throw new ProtocolError('command_invalid', `${kind} authentication mechanism '${mechanism}'`)
  }

  /** Clients that can be told are told; others find the connection closed after a while. */
  #refuse(mechanism: string, { refusal, waitMs }: LoginRefusal): void {
    const connection = this.#connection
    const { logger, clock } = connection.context
    this.#expected = 'nothing'
    // The rest of a flood is not told one by one.
    if (waitMs < authLimits.wrongLoginWaitMsMax) {
      logger.warn({ remote: connection.remoteAddress, reason: refusal, waitMs }, 'Login refused')
    }
    if (!this.hasCapability('authentication_failure_close')) {
      connection.endAfter(Math.max(waitMs, amqpLimits.refusedLoginMs))
    } else if (waitMs === 0) this.#tellRefusal(mechanism)
    else clock.after(waitMs, () => this.#tellRefusal(mechanism))
  }

  #tellRefusal(mechanism: string): void {
    this.#connection.closeForReply({
      code: 403,
      text:
        `ACCESS_REFUSED - Login was refused using authentication mechanism ${mechanism}. ` +
        'For details see the broker logfile.',
      closes: 'connection',
    })
  }

  #onTuneOk(method: ConnectionTuneOk): void {
    const { settings } = this.#connection.context
    const { heartbeat } = method
    const frameMax = negotiate('frame_max', method.frameMax, settings.frameMax)
    const { frameMaxMin, strictFrameMaxMin } = amqpLimits
    const least = settings.isStrict ? strictFrameMaxMin : frameMaxMin
    if (frameMax < least) {
      throw new ProtocolError(
        'not_allowed',
        `negotiated frame_max = ${frameMax} is lower than the minimum allowed value (${least})`,
      )
    }
    const channelMax = negotiate('channel_max', method.channelMax, settings.channelMax)
    this.#expected = 'open'
    this.#connection.tune({ frameMax, channelMax: channelMax || channelMaxCeiling, heartbeat })
  }
}

/** Zero is "no limit", which is more than any limit (RabbitMQ refuses it, too). */
function negotiate(name: string, asked: number, offered: number): number {
  if (offered !== 0 && (asked === 0 || asked > offered)) {
    const shown = asked === 0 && name === 'channel_max' ? '0 (no limit)' : asked
    throw new ProtocolError(
      'not_allowed',
      `negotiated ${name} = ${shown} is higher than the maximum allowed value (${offered})`,
    )
  }
  return asked
}
