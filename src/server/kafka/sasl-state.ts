// How far a connection is with SASL PLAIN (KIP-43, KIP-152).
import type { Origin, Principal } from '../../auth/principal.ts'
import { type Credentials, parsePlain } from '../../auth/sasl.ts'
import type { Users } from '../../auth/users.ts'
import type { Operation } from './operation.ts'

export const saslMechanism = 'PLAIN'

export class SaslState {
  /** Who the client is; undefined until it has logged in, where it has to. */
  principal: Principal | undefined
  readonly #users: Users
  readonly #origin: Origin
  #onTrusted: () => void = () => undefined
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

  /** A login was refused: the connection ends with the answer that says so, as in Kafka. */
  get hasFailed(): boolean {
    return this.#at === 'failed'
  }

  /** Whether it may do everything. */
  get isTrusted(): boolean {
    return this.principal !== undefined && !this.hasFailed
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
    const login = credentials && this.#users.login(credentials, this.#origin)
    const isAccepted = login?.principal !== undefined
    this.principal = login?.principal
    this.#at = isAccepted ? 'authenticated' : 'failed'
    if (isAccepted) this.#onTrusted()
    return { isAccepted, waitMs: login?.principal === undefined ? (login?.waitMs ?? 0) : 0 }
  }
}
