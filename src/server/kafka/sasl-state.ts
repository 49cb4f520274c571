// How far a connection is with its login: SASL PLAIN, SCRAM or OAUTHBEARER (KIP-43, KIP-84, KIP-152, KIP-255), or the
// certificate that its client has shown. A login with a token holds as long as the token, and none by SASL longer than
// `connections.max.reauth.ms`; before that the client logs in again on the same connection (KIP-368).
import type { Origin, Principal } from '../../auth/principal.ts'
import { parseOauthBearer, parsePlain } from '../../auth/sasl.ts'
import { ScramLogin } from '../../auth/scram-login.ts'
import type { LoginRefusal, LoginResult, Users } from '../../auth/users.ts'
import { defaultVHost } from '../../broker/broker.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { type Logger, silentLogger } from '../../lib/logger.ts'
import { authLimits } from '../../limits/auth.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { KafkaAccess } from './kafka-access.ts'
import type { Operation } from './operation.ts'

export type SaslMechanism = 'PLAIN' | ScramLogin['mechanism'] | 'OAUTHBEARER'

/** A login was refused. `waitMs` is how long the client waits for its answer, in milliseconds. */
/** The client as its connection knows it, and how long it may be logged in. */
export interface SaslOptions {
  readonly remoteAddress: string
  /** Whom its certificate names, which one of `--tls-client-ca` signed. */
  readonly certifiedAs?: string | undefined
  /** Whom another node has logged in, and logs in again. */
  readonly loggedIn?: Principal | undefined
  /** Milliseconds after which it has to log in again [connections.max.reauth.ms]; 0 for never. */
  readonly sessionMsMax?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

interface Refusal {
  readonly isAccepted: false
  readonly waitMs: number
  /** What the client is told instead of what its mechanism says. */
  readonly reason: string | undefined
}

export type Authentication =
  | {
      readonly isAccepted: true
      readonly answer: Buffer
      readonly waitMs: number
      /** Within it the client has to log in again; 0 for never. */
      readonly sessionLifetimeMs: number
    }
  | Refusal

const nothing = Buffer.alloc(0)

/** RFC 7628 §3.2.2: so a server says that a token is not taken, and the client answers with ^A. */
const invalidToken = '{"status":"invalid_token"}'
const endOfError = Buffer.from('\u0001')

export class SaslState {
  /** Who the client is; undefined until it has logged in, where it has to. */
  principal: Principal | undefined
  /** What it may do; nothing until then. */
  readonly access: KafkaAccess
  readonly #users: Users
  readonly #origin: Origin
  readonly #logger: Logger
  #onLoggedIn: () => void = () => undefined
  /** Told when the client has shown anew who it is. */
  onLoggedInAgain: () => void = () => undefined
  #scram: ScramLogin | undefined
  #mechanism: SaslMechanism = 'PLAIN'
  /** What it is told that its token was not taken. */
  #isTokenRefused = false
  /** How it has logged in before. */
  #before: { readonly user: string; readonly mechanism: SaslMechanism } | undefined
  readonly #clock: Clock
  readonly #sessionMsMax: number
  /** By the clock that only goes on. */
  #sessionEndsAt = Number.POSITIVE_INFINITY
  #at: 'new' | 'handshaken' | 'raw-token' | 'checking' | 'authenticated' | 'failed' = 'new'

  constructor(users: Users, options: SaslOptions) {
    const { remoteAddress, certifiedAs, loggedIn, sessionMsMax = 0 } = options
    const { clock = systemClock, logger = silentLogger } = options
    this.#users = users
    this.#logger = logger
    this.#clock = clock
    this.#sessionMsMax = sessionMsMax
    this.#origin = { protocol: 'Kafka', address: remoteAddress }
    this.access = new KafkaAccess((refused) => this.#tellNotPermitted(refused))
    if (loggedIn !== undefined) this.#at = 'authenticated'
    this.#enter(loggedIn ?? this.#certified(certifiedAs) ?? users.anonymousFrom(this.#origin))
  }

  /** Whether the next message is a bare token: SaslHandshake version 0 announced it. */
  get takesRawToken(): boolean {
    return this.#at === 'raw-token'
  }

  get isHandshaken(): boolean {
    return this.#at === 'handshaken'
  }

  /** What the client may log in by. */
  get mechanisms(): readonly SaslMechanism[] {
    return saslMechanismsOf(this.#users)
  }

  /** What the client logs in by. */
  get mechanism(): SaslMechanism {
    return this.#mechanism
  }

  /** What it has logged in by; undefined for who may be here without that. */
  get loggedInBy(): SaslMechanism | undefined {
    return this.#at === 'authenticated' ? this.#mechanism : undefined
  }

  /** A login was refused: the connection ends with the answer that says so, as in Kafka. */
  get hasFailed(): boolean {
    return this.#at === 'failed'
  }

  /** Whether it has logged in and may be here, now: rights come and go while it is connected, and tokens expire. */
  get isLoggedIn(): boolean {
    const { principal } = this
    if (principal === undefined || this.hasFailed || this.#users.hasExpired(principal)) return false
    if (this.#clock.monotonic() >= this.#sessionEndsAt) return false
    return this.access.mayEnter
  }

  /** Calls back once it has logged in; also at once where it may be here without that, as guest. */
  whenLoggedIn(listener: () => void): void {
    this.#onLoggedIn = listener
    if (this.isLoggedIn) listener()
  }

  allows(operation: Operation): boolean {
    return this.isLoggedIn || (!this.hasFailed && operation === 'login')
  }

  handshake(apiVersion: number, mechanism: SaslMechanism): void {
    this.#at = apiVersion === 0 ? 'raw-token' : 'handshaken'
    this.#mechanism = mechanism
    this.#isTokenRefused = false
    const isScram = mechanism !== 'PLAIN' && mechanism !== 'OAUTHBEARER'
    const parts = { users: this.#users, origin: this.#origin }
    this.#scram = isScram ? new ScramLogin({ ...parts, mechanism }) : undefined
  }

  /** The next step of the login that the handshake announced. */
  async step(token: Buffer): Promise<Authentication> {
    const before = this.#before?.mechanism ?? this.#mechanism
    if (before !== this.#mechanism) return this.#fail(0, mechanismChanged(this.#mechanism, before))
    if (this.#mechanism === 'OAUTHBEARER') return this.#authenticateByToken(token)
    const scram = this.#scram
    if (scram === undefined) return this.authenticate(token)
    const step = await scram.step(token)
    if (step === undefined) return this.#fail()
    return step.login === undefined ? goOn(step.answer) : this.#accept(step.login, step.answer)
  }

  /** Checks a login by PLAIN, at once if it is by a password. */
  authenticate(token: Buffer): Authentication | Promise<Authentication> {
    const credentials = parsePlain(token)
    const login = credentials && this.#users.authenticate(credentials, this.#origin)
    if (!(login instanceof Promise)) return this.#accept(login, nothing)
    if (this.#at === 'raw-token') this.#at = 'checking'
    return login.then((checked) => this.#accept(checked, nothing))
  }

  async #authenticateByToken(response: Buffer): Promise<Authentication> {
    if (this.#isTokenRefused && response.equals(endOfError)) return this.#fail(0, invalidToken)
    this.#isTokenRefused = false
    const parsed = parseOauthBearer(response)
    if (parsed === undefined) return this.#fail()
    const login = await this.#users.loginByToken(parsed.token, this.#origin)
    if (login.principal === undefined) {
      this.#tellRefused(login)
      this.#isTokenRefused = true
      return goOn(Buffer.from(invalidToken), login.waitMs)
    }
    const { user } = login.principal
    if (parsed.actAs !== '' && parsed.actAs !== user) {
      return this.#fail(0, actsAsOther(parsed.actAs, user))
    }
    return this.#accept(login, nothing)
  }

  #accept(login: LoginResult | undefined, answer: Buffer): Authentication {
    const principal = login?.principal
    this.#enter(principal)
    if (principal === undefined) {
      if (login !== undefined) this.#tellRefused(login)
      return this.#fail(login?.waitMs)
    }
    const { user } = principal
    const before = this.#before?.user ?? user
    if (before !== user) return this.#fail(0, principalChanged(before, user))
    if (!this.access.mayEnter) {
      const refusal = `access to vhost '${defaultVHost}' refused for user '${user}'`
      this.#tellRefused({ refusal, waitMs: 0 })
      return this.#fail(0, `Authentication failed: ${refusal}`)
    }
    this.#at = 'authenticated'
    const isFirst = this.#before === undefined
    this.#before = { user, mechanism: this.#mechanism }
    if (isFirst) this.#onLoggedIn()
    else this.onLoggedInAgain()
    return { isAccepted: true, answer, waitMs: 0, sessionLifetimeMs: this.#beginSession(principal) }
  }

  /** How long the client may go on, in milliseconds; 0 for ever. */
  #beginSession(principal: Principal): number {
    const most = this.#sessionMsMax
    const lifetimes = [this.#users.lifetimeMsOf(principal), most > 0 ? most : undefined]
    const known = lifetimes.filter((each) => each !== undefined)
    this.#sessionEndsAt = most > 0 ? this.#clock.monotonic() + most : Number.POSITIVE_INFINITY
    return known.length === 0 ? 0 : Math.min(...known)
  }

  /** Who has shown a certificate, and need not log in. */
  #certified(user: string | undefined): Principal | undefined {
    if (user === undefined) return undefined
    const login = this.#users.loginProved(user, true, this.#origin)
    if (login.principal === undefined) this.#tellRefused(login)
    return login.principal
  }

  /** Kafka's topics are the queues of the default virtual host. */
  #enter(principal: Principal | undefined): void {
    const users = this.#users
    this.principal = principal
    if (principal === undefined) this.access.close()
    else {
      const rights = users.rightsOf(principal, defaultVHost)
      this.access.open(rights, () => users.isAdministrator(principal))
    }
  }

  /** The rest of a flood is not told one by one. */
  #tellRefused({ refusal: reason, waitMs }: LoginRefusal): void {
    if (waitMs >= authLimits.wrongLoginWaitMsMax) return
    this.#logger.warn({ remote: this.#origin.address, reason, waitMs }, 'Login refused')
  }

  #tellNotPermitted(refused: string): void {
    const reason = `${refused} in vhost '${defaultVHost}' refused for user '${this.principal?.user}'`
    this.#logger.info({ remote: this.#origin.address, reason }, 'Kafka request refused')
  }

  #fail(waitMs = 0, reason?: string): Refusal {
    this.#at = 'failed'
    this.access.close()
    const ms = Math.max(waitMs, kafkaLimits.kafkaRefusedLoginMs)
    return { isAccepted: false, waitMs: ms, reason }
  }
}

/** Tokens are only taken where the settings say whose. */
export function saslMechanismsOf({ takesTokens }: Pick<Users, 'takesTokens'>): SaslMechanism[] {
  const byPassword = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
  return takesTokens ? [...byPassword, 'OAUTHBEARER'] : [...byPassword]
}

/** The login takes another step. */
function goOn(answer: Buffer, waitMs = 0): Authentication {
  return { isAccepted: true, answer, waitMs, sessionLifetimeMs: 0 }
}

// In Kafka's words (SaslServerAuthenticator, OAuthBearerSaslServer).

function principalChanged(before: string, now: string): string {
  return `Cannot change principals during re-authentication from User.${before}: User.${now}`
}

function mechanismChanged(asked: string, before: string): string {
  return `SASL mechanism '${asked}' requested by client is not supported for re-authentication of mechanism '${before}'`
}

function actsAsOther(asked: string, user: string): string {
  return `Authentication failed: Client requested an authorization id (${asked}) that is different from the token's principal name (${user})`
}
