// Who may log in. Without a user of its own the broker knows guest/guest, from this machine only.
// With one, guest does not exist.
import { isLoopback } from '../lib/loopback.ts'
import type { Random } from '../lib/random.ts'
import { hashPassword, matchesPassword } from './password-hash.ts'
import type { Credentials } from './sasl.ts'

export interface User {
  readonly name: string
  readonly tags: readonly string[]
}

/** The reason of a refusal is for the broker's own log; clients are told nothing of it. */
export type LoginResult =
  | { readonly user: User; readonly refusal: undefined }
  | { readonly user: undefined; readonly refusal: string }

export interface UsersOptions {
  /** The configured user; undefined leaves guest. */
  readonly own?: { readonly name: string; readonly password: string } | undefined
  readonly random: Random
}

const guest = { name: 'guest', password: 'guest' }

interface KnownUser extends User {
  readonly passwordHash: string
  readonly isLoopbackOnly: boolean
}

export class Users {
  readonly #users = new Map<string, KnownUser>()
  /** Compared with when there is no such user, so that the answer takes as long as any. */
  readonly #nobodysHash: string
  /** What a client logs in with that names nobody; undefined where guest does not exist. */
  readonly anonymous: Credentials | undefined

  constructor({ own, random }: UsersOptions) {
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

  /** Checks a login from `remoteAddress`, an IP address as the socket reports it. */
  login(credentials: Credentials, remoteAddress: string): LoginResult {
    const known = this.#users.get(credentials.user)
    const matches = matchesPassword(credentials.password, known?.passwordHash ?? this.#nobodysHash)
    const name = credentials.user
    if (!known) return refuse(`user '${name}' does not exist`)
    if (!matches) return refuse(`user '${name}' sent a wrong password`)
    if (known.isLoopbackOnly && !isLoopback(remoteAddress)) {
      return refuse(`user '${name}' can only connect via localhost`)
    }
    return { user: { name: known.name, tags: known.tags }, refusal: undefined }
  }
}

function refuse(refusal: string): LoginResult {
  return { user: undefined, refusal }
}
