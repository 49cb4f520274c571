// How far a connection is with its login: SASL PLAIN, or SCRAM (KIP-43, KIP-84, KIP-152).
import type { Origin, Principal } from '../../auth/principal.ts'
import { type Credentials, parsePlain } from '../../auth/sasl.ts'
import type { ScramExchange } from '../../auth/scram-exchange.ts'
import type { LoginResult, Users } from '../../auth/users.ts'
import { defaultVHost } from '../../broker/broker.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { Operation } from './operation.ts'

export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

export type SaslMechanism = (typeof saslMechanisms)[number]

/** `waitMs` is how long a refused client waits for its answer, in milliseconds. */
type Authentication =
  | { readonly isAccepted: true; readonly answer: Buffer }
  | { readonly isAccepted: false; readonly waitMs: number }

const nothing = Buffer.alloc(0)

export class SaslState {
  /** Who the client is; undefined until it has logged in, where it has to. */
  principal: Principal | undefined
  readonly #users: Users
  readonly #origin: Origin
  #onTrusted: () => void = () => undefined
  #scram: ScramExchange | undefined
  #scramUser: string | undefined
  #at: 'new' | 'handshaken' | 'raw-token' | 'authenticated' | 'failed' = 'new'

  constructor(users: Users, remoteAddress: string) {
    this.#users = users
    this.#origin = { protocol: 'Kafka', address: remoteAddress }
    this.principal = users.anonymousFrom(this.#origin)
  }

  /** Whether the next message is a bare token: SaslHandshake version 0 announced it. */
  get takesRawToken(): boolean {
    return this.#at === 'raw-token'
  }

  get isHandshaken(): boolean {
    return this.#at === 'handshaken'
  }

  /** What the client logs in by. */
  get mechanism(): SaslMechanism {
    return this.#scram?.mechanism ?? 'PLAIN'
  }

  /** A login was refused: the connection ends with the answer that says so, as in Kafka. */
  get hasFailed(): boolean {
    return this.#at === 'failed'
  }

  /** Whether it may do everything, now: rights come and go while it is connected. */
  get isTrusted(): boolean {
    const { principal } = this
    return principal !== undefined && !this.hasFailed && this.#mayDoAll(principal)
  }

  /** Calls back once it may do everything, at once if it may already. */
  whenTrusted(listener: () => void): void {
    if (this.isTrusted) listener()
    else this.#onTrusted = listener
  }

  allows(operation: Operation): boolean {
    return this.isTrusted || (!this.hasFailed && operation === 'login')
  }

  handshake(apiVersion: number, mechanism: SaslMechanism): void {
    this.#at = apiVersion === 0 ? 'raw-token' : 'handshaken'
    this.#scramUser = undefined
    this.#scram = mechanism === 'PLAIN' ? undefined : this.#users.beginScram(mechanism)
  }

  /** The next step of the login that the handshake announced. */
  async step(token: Buffer): Promise<Authentication> {
    const scram = this.#scram
    if (scram === undefined) return this.authenticate(token)
    if (this.#scramUser !== undefined) return this.#endScram(scram, this.#scramUser, token)
    const user = scram.begin(token)
    if (user === undefined) return this.#fail()
    this.#scramUser = user
    const secret = await this.#users.scramSecretOf(user, scram.mechanism)
    return { isAccepted: true, answer: scram.challenge(secret) }
  }

  /** Checks a login by PLAIN. */
  authenticate(token: Buffer): Authentication {
    const credentials: Credentials | undefined = parsePlain(token)
    const login = credentials && this.#users.login(credentials, this.#origin)
    return this.#accept(login, nothing)
  }

  #endScram(scram: ScramExchange, user: string, token: Buffer): Authentication {
    const answer = scram.finish(token)
    const login = this.#users.loginProved(user, answer !== undefined, this.#origin)
    return this.#accept(login, answer ?? nothing)
  }

  #accept(login: LoginResult | undefined, answer: Buffer): Authentication {
    this.principal = login?.principal
    if (login?.principal === undefined) return this.#fail(login?.waitMs)
    if (!this.#mayDoAll(login.principal)) return this.#fail()
    this.#at = 'authenticated'
    this.#onTrusted()
    return { isAccepted: true, answer }
  }

  #fail(waitMs = 0): Authentication {
    this.#at = 'failed'
    return { isAccepted: false, waitMs: Math.max(waitMs, kafkaLimits.kafkaRefusedLoginMs) }
  }

  /** Kafka's topics are the queues of this virtual host. */
  #mayDoAll(principal: Principal): boolean {
    return this.#users.mayDoAll(principal, defaultVHost)
  }
}
