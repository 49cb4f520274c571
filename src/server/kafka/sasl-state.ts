// How far a connection is with SASL PLAIN (KIP-43, KIP-152).
import { type Credentials, parsePlain } from '../../auth/sasl.ts'
import type { Users } from '../../auth/users.ts'
import type { Operation } from './operation.ts'

export const saslMechanism = 'PLAIN'

export class SaslState {
  readonly #users: Users
  readonly #remoteAddress: string
  readonly #needsLogin: boolean
  #onTrusted: () => void = () => undefined
  #at: 'new' | 'handshaken' | 'raw-token' | 'authenticated' | 'failed' = 'new'

  constructor(users: Users, remoteAddress: string, needsLogin: boolean) {
    this.#users = users
    this.#remoteAddress = remoteAddress
    this.#needsLogin = needsLogin
  }

  /** Whether the next message is a bare token: SaslHandshake version 0 announced it. */
  get takesRawToken(): boolean {
    return this.#at === 'raw-token'
  }

  get isHandshaken(): boolean {
    return this.#at === 'handshaken'
  }

  /** A login was refused: the connection ends with the answer that says so, as in Kafka. */
  get hasFailed(): boolean {
    return this.#at === 'failed'
  }

  /** Whether it may do everything. */
  get isTrusted(): boolean {
    return this.#at === 'authenticated' || (!this.#needsLogin && !this.hasFailed)
  }

  /** Calls back once it may do everything, at once if it may already. */
  whenTrusted(listener: () => void): void {
    if (this.isTrusted) listener()
    else this.#onTrusted = listener
  }

  allows(operation: Operation): boolean {
    return this.isTrusted || (!this.hasFailed && operation === 'login')
  }

  handshake(apiVersion: number): void {
    this.#at = apiVersion === 0 ? 'raw-token' : 'handshaken'
  }

  /** `waitMs` is how long at least a refused client waits for its answer. */
  authenticate(token: Buffer): { readonly isAccepted: boolean; readonly waitMs: number } {
    const credentials: Credentials | undefined = parsePlain(token)
    const login = credentials && this.#users.login(credentials, this.#remoteAddress)
    const isAccepted = login?.user !== undefined
    this.#at = isAccepted ? 'authenticated' : 'failed'
    if (isAccepted) this.#onTrusted()
    return { isAccepted, waitMs: login?.user === undefined ? (login?.waitMs ?? 0) : 0 }
  }
}
