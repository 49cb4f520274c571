// The users. Without one of its own the broker knows guest/guest, from this machine only.
// With one, guest does not exist.
import { type Clock, systemClock } from '../lib/clock.ts'
import { isLoopback } from '../lib/loopback.ts'
import type { Random } from '../lib/random.ts'
import { LoginBrake } from './login-brake.ts'
import { hashPassword, matchesPassword } from './password-hash.ts'
import type { Origin, Principal } from './principal.ts'
import type { Credentials } from './sasl.ts'

export type LoginResult =
  | { readonly principal: Principal; readonly refusal: undefined }
  | ({ readonly principal: undefined } & LoginRefusal)

export interface LoginRefusal {
  /** The reason, for the broker's own log; clients are told nothing of it. */
  readonly refusal: string
  /** How long the client waits for its answer, in milliseconds: see `LoginBrake`. */
  readonly waitMs: number
}

export interface UsersOptions {
  /** The configured user; undefined leaves guest. */
  readonly own?: { readonly name: string; readonly password: string } | undefined
  readonly random: Random
  readonly clock?: Clock
}

const guest = { name: 'guest', password: 'guest' }

interface KnownUser {
  readonly name: string
  readonly tags: readonly string[]
  readonly passwordHash: string
  readonly isLoopbackOnly: boolean
}

export class Users {
  readonly #users = new Map<string, KnownUser>()
  /** Compared with when there is no such user, so that the answer takes as long as any. */
  readonly #nobodysHash: string
  readonly #brake: LoginBrake
  /** What a client logs in with that names nobody; undefined where guest does not exist. */
  readonly anonymous: Credentials | undefined

  constructor({ own, random, clock = systemClock }: UsersOptions) {
    this.#brake = new LoginBrake(clock)
    const { name, password } = own ?? guest
    this.anonymous = own === undefined ? { user: name, password: Buffer.from(password) } : undefined
    this.#users.set(name, {
      name,
      tags: ['administrator'],
      passwordHash: hashPassword(Buffer.from(password), random),
      isLoopbackOnly: own === undefined,
    })
    this.#nobodysHash = hashPassword(random.bytes(16), random)
  }

  /** A client that does not log in is guest, where guest exists and from this machine only. */
  anonymousFrom(origin: Origin): Principal | undefined {
    const known = this.anonymous && this.#users.get(this.anonymous.user)
    return known !== undefined && mayComeFrom(known, origin)
      ? principalOf(known, origin)
      : undefined
  }

  /** Checks a login. */
  login(credentials: Credentials, origin: Origin): LoginResult {
    const known = this.#users.get(credentials.user)
    const matches = matchesPassword(credentials.password, known?.passwordHash ?? this.#nobodysHash)
    if (known !== undefined && matches && mayComeFrom(known, origin)) {
      return { principal: principalOf(known, origin), refusal: undefined }
    }
    const refusal = `user '${credentials.user}' ${reasonFor(known, matches)}`
    return { principal: undefined, refusal, waitMs: this.#brake.onWrongLogin(origin.address) }
  }
}

function mayComeFrom({ isLoopbackOnly }: KnownUser, { address }: Origin): boolean {
  return !isLoopbackOnly || isLoopback(address)
}

function principalOf({ name, tags }: KnownUser, origin: Origin): Principal {
  return { ...origin, user: name, tags }
}

function reasonFor(known: KnownUser | undefined, matches: boolean): string {
  if (known === undefined) return 'does not exist'
  return matches ? 'can only connect via localhost' : 'sent a wrong password'
}
