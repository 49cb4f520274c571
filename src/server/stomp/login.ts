// CONNECT and STOMP (STOMP 1.2 "CONNECT or STOMP Frame"), or a first frame of another kind where clients need not
// log in by one: then they are who the settings say, and nothing is answered.
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import type { LoginResult } from '../../auth/users.ts'
import { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import type { OutgoingFrame } from '../../codec/stomp/write-frame.ts'
import { Deadline } from '../../lib/deadline.ts'
import { authLimits } from '../../limits/auth.ts'
import { clientCertificateOf } from '../client-certificate.ts'
import { webSocketFactsOf } from '../web-socket-facts.ts'
import { handleFrame } from './handle-frame.ts'
import {
  type LoginAsked,
  type OpenedVHost,
  openVHost,
  readLogin,
  refusedLogin,
} from './login-asked.ts'
import type { StompSession } from './session.ts'
import type { StompContext } from './stomp-context.ts'
import { type ErrorAnswer, StompError } from './stomp-error.ts'
import { keepFrame, type StompFrame } from './stomp-frame.ts'

/** What a client has that is logged in. */
export interface LoggedIn extends OpenedVHost {
  readonly asked: LoginAsked
  readonly sessionId: string
}

/** The connection that is being opened. */
export interface LoginConnection {
  readonly context: StompContext
  readonly remoteAddress: string
  readonly socket: Socket
  readonly session: StompSession | undefined
  send(frame: OutgoingFrame): void
  /** Nothing more is read until `resume`. */
  wait(): void
  resume(action: () => void, receipt?: string): void
  open(loggedIn: LoggedIn): void
  onError(error: unknown): void
  /** Ends the connection and tells the client why. */
  end(answer: ErrorAnswer): void
}

const sessionIdBytes = 16

const expired: ErrorAnswer = {
  title: 'Credential expired',
  detail: 'The credential used to authenticate this connection has expired',
  isFatal: true,
}

export class Login {
  /** Undefined until the client has logged in. */
  principal: Principal | undefined
  /** SASL's name of what it has logged in by. */
  mechanism: string | undefined
  readonly #connection: LoginConnection
  /** When its token expires. */
  #expiry: Deadline | undefined
  /** A refused client is told later. */
  #isRefused = false

  constructor(connection: LoginConnection) {
    this.#connection = connection
  }

  /** Whether a frame is for it, also of a client that is logged in. */
  isLogin({ command }: StompFrame): boolean {
    return command === 'CONNECT' || command === 'STOMP'
  }

  /** Takes a frame of a client that is not logged in, or that logs in again. Throws StompError. */
  onFrame(frame: StompFrame): void {
    if (this.#isRefused) return
    const { session, context } = this.#connection
    if (session !== undefined) {
      throw new StompError('Illegal command', 'You are connected already\n', true)
    }
    if (this.isLogin(frame)) {
      this.#begin(frame.headers)
      return
    }
    if (!context.settings.isImplicit) {
      throw new StompError('Illegal command', 'You must log in using CONNECT first')
    }
    this.#begin(new FrameHeaders(), keepFrame(frame))
  }

  /** The connection has ended. */
  stop(): void {
    this.#expiry?.clear()
  }

  /** `first` is what the client has sent instead of a CONNECT. */
  #begin(headers: FrameHeaders, first?: StompFrame): void {
    const { context, remoteAddress, socket } = this.#connection
    context.broker.admission.admit()
    const certificate = clientCertificateOf(socket)
    const httpLogin = webSocketFactsOf(socket)?.login
    const asked = readLogin({ context, remoteAddress, certificate, httpLogin }, headers)
    const login = asked.login()
    if (!(login instanceof Promise)) {
      this.#onLogin(asked, login, first)
      return
    }
    this.#connection.wait()
    const receipt = first?.headers.get('receipt')
    void login.then((result) =>
      this.#connection.resume(() => this.#onLogin(asked, result, first), receipt),
    )
  }

  #onLogin(asked: LoginAsked, login: LoginResult, first: StompFrame | undefined): void {
    if (login.principal === undefined) {
      this.#refuse(asked, login)
      return
    }
    const { context } = this.#connection
    const opened = openVHost(context, login.principal, asked.vhost)
    const random = Buffer.from(context.random.bytes(sessionIdBytes)).toString('base64url')
    const sessionId = `session-${random}`
    this.principal = login.principal
    this.mechanism = asked.mechanism
    this.#watchExpiry(login.principal)
    this.#connection.open({ ...opened, asked, sessionId })
    if (first === undefined) this.#answer(asked, sessionId)
    else if (this.#connection.session !== undefined) handleFrame(this.#connection.session, first)
  }

  #answer({ version, heartBeats }: LoginAsked, session: string): void {
    const { productName, productVersion } = this.#connection.context.settings
    const { toClientMs, fromClientMs } = heartBeats
    this.#connection.send({
      command: 'CONNECTED',
      headers: {
        server: `${productName}/${productVersion}`,
        session,
        'heart-beat': `${toClientMs},${fromClientMs}`,
        version,
      },
    })
  }

  #refuse(
    { user }: LoginAsked,
    { refusal, waitMs, isFromAfar = false }: Extract<LoginResult, { principal: undefined }>,
  ): void {
    const { context, remoteAddress: remote } = this.#connection
    // The rest of a flood is not told one by one.
    if (waitMs < authLimits.wrongLoginWaitMsMax) {
      context.logger.warn({ remote, reason: refusal, waitMs }, 'Login refused')
    }
    const error = refusedLogin(user, isFromAfar)
    if (waitMs === 0) throw error
    this.#isRefused = true
    this.#connection.wait()
    context.clock.after(waitMs, () => this.#connection.onError(error))
  }

  #watchExpiry(principal: Principal): void {
    const { users, clock } = this.#connection.context
    const ms = users.lifetimeMsOf(principal)
    if (ms === undefined) return
    this.#expiry = new Deadline(clock, () => this.#connection.end(expired))
    this.#expiry.set(ms)
  }
}
