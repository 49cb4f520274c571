// Logins. Without a user of its own the broker knows guest/guest, from this machine only; with one, that
// guest does not exist. Beside it there are the users that were added while it ran.
import { type Clock, systemClock } from '../lib/clock.ts'
import { isLoopback } from '../lib/loopback.ts'
import type { Random } from '../lib/random.ts'
import type { ScramMechanism, ScramSecret, UserRow } from '../meta/access-rows.ts'
import { type AccessControl, administratorTag } from './access-control.ts'
import { LoginBrake } from './login-brake.ts'
import type { TokenLogin } from './oauth/token-login.ts'
import { isTokenShaped } from './oauth/token-shape.ts'
import { type HashedPassword, hashPassword, matchesPassword } from './password-hash.ts'
import { type ClientProtocol, type Origin, perProtocol, type Principal } from './principal.ts'
import type { Rights } from './rights.ts'
import type { Credentials } from './sasl.ts'
import { ScramExchange } from './scram-exchange.ts'
import { ScramKeeper } from './scram-keeper.ts'

export type LoginResult =
  | { readonly principal: Principal; readonly refusal: undefined }
  | RefusedLogin

type RefusedLogin = { readonly principal: undefined } & LoginRefusal

export interface LoginRefusal {
  /** The reason, for the broker's own log; clients are told nothing of it. */
  readonly refusal: string
  /** How long the client waits for its answer, in milliseconds: see `LoginBrake`. */
  readonly waitMs: number
  /** All is right but where the client comes from: its user may only come from this machine. */
  readonly isFromAfar?: boolean
}

/** How many clients of a protocol have logged in, and were refused. */
export interface LoginCounts {
  accepted: number
  refused: number
}

export interface OwnUser {
  readonly name: string
  readonly password: string
}

export interface UsersOptions {
  /** The configured user; undefined leaves guest. */
  readonly own?: OwnUser | undefined
  readonly access: AccessControl
  readonly random: Random
  /** What only the broker knows, and all of its processes: see `ScramKeeper`. Left out, this process alone does. */
  readonly secret?: Buffer
  readonly clock?: Clock
  /** Checks tokens; undefined where the broker takes none. */
  readonly tokens?: TokenLogin | undefined
  /** Users besides guest who may only come from this machine. */
  readonly loopbackUsers?: readonly string[]
  /** Asks elsewhere whether somebody has changed users just now; never rejects. Left out, nobody else does. */
  readonly lookAgain?: (() => Promise<void>) | undefined
}

const guest: OwnUser = { name: 'guest', password: 'guest' }

export class Users {
  readonly #access: AccessControl
  readonly #random: Random
  readonly #loopbackUsers: ReadonlySet<string>
  /** Compared with when there is no such user, so that the answer takes as long as any. */
  readonly #nobodysHash: HashedPassword
  readonly #brake: LoginBrake
  readonly #scram: ScramKeeper
  readonly #tokens: TokenLogin | undefined
  readonly #clock: Clock
  readonly #lookAgain: (() => Promise<void>) | undefined
  /** Since the start. */
  readonly logins: Readonly<Record<ClientProtocol, LoginCounts>> = perProtocol(() => ({
    accepted: 0,
    refused: 0,
  }))
  /** What a client logs in with that names nobody; undefined where the broker has a user of its own. */
  readonly anonymous: Credentials | undefined

  constructor(options: UsersOptions) {
    const { own, access, random, clock = systemClock, loopbackUsers = [], tokens } = options
    this.#tokens = tokens
    this.#clock = clock
    this.#lookAgain = options.lookAgain
    this.#access = access
    this.#random = random
    this.#brake = new LoginBrake(clock)
    this.#scram = new ScramKeeper(access, random, options.secret ?? random.bytes(32))
    const { name, password } = own ?? guest
    this.anonymous = own === undefined ? { user: name, password: Buffer.from(password) } : undefined
    // Who is called guest and was not configured so is as little known to be safe as the default.
    this.#loopbackUsers = new Set(
      own?.name === guest.name ? loopbackUsers : [guest.name, ...loopbackUsers],
    )
    this.setOwn({ name, password })
    this.#nobodysHash = hashPassword(random.bytes(16), random)
  }

  /** The user of the settings has this password from now on. */
  setOwn({ name, password }: OwnUser): void {
    const bytes = Buffer.from(password)
    const hashed = hashPassword(bytes, this.#random)
    this.#scram.setOwn(bytes)
    this.#access.setOwn({ name, tags: [administratorTag], ...hashed })
  }

  /** A client that does not log in is guest, where guest exists and from this machine only. */
  anonymousFrom(origin: Origin): Principal | undefined {
    const known = this.anonymous && this.#access.findUser(this.anonymous.user)
    return known !== undefined && this.#mayComeFrom(known.name, origin)
      ? principalOf(known, origin)
      : undefined
  }

  /** Whether clients may log in with a token of an issuer. */
  get takesTokens(): boolean {
    return this.#tokens !== undefined
  }

  /** Checks a login whose password may be a token: then the user's name does not matter, as in RabbitMQ. */
  authenticate(credentials: Credentials, origin: Origin): LoginResult | Promise<LoginResult> {
    if (this.takesTokens && isTokenShaped(credentials.password)) {
      return this.loginByToken(credentials.password, origin)
    }
    const lookAgain = this.#lookAgain
    if (lookAgain === undefined || this.#matches(credentials)) {
      return this.login(credentials, origin)
    }
    return lookAgain().then(() => this.login(credentials, origin))
  }

  /** Checks a login by a token. Never rejects. */
  async loginByToken(token: Uint8Array, origin: Origin): Promise<LoginResult> {
    const checked = (await this.#tokens?.check(token)) ?? { refusal: 'tokens are not taken' }
    if ('refusal' in checked) return this.#refuse(`token refused: ${checked.refusal}`, origin)
    const { user, tags, grant } = checked
    if (!this.#mayComeFrom(user, origin)) {
      return this.#refuse(`user '${user}' can only connect via localhost`, origin)
    }
    return this.#accept({ ...origin, user, tags, token: grant })
  }

  /** Checks a login by a password. */
  login(credentials: Credentials, origin: Origin): LoginResult {
    return this.loginProved(credentials.user, this.#matches(credentials), origin)
  }

  /** Begins a login by SCRAM. */
  beginScram(mechanism: ScramMechanism): ScramExchange {
    return new ScramExchange(mechanism, this.#random)
  }

  /** What SCRAM challenges a user with, whether there is one or not. */
  scramSecretOf(user: string, mechanism: ScramMechanism): Promise<ScramSecret> {
    return this.#scram.secretOf(user, mechanism)
  }

  /** Ends a login by SCRAM, in which the user has proved that it knows its password, or has not. */
  loginByScram(user: string, matches: boolean, origin: Origin): LoginResult {
    const known = this.#access.findUser(user)
    const hasHashOnly =
      known !== undefined &&
      known.passwordHash !== '' &&
      known.scram === undefined &&
      !this.#access.isOwn(user)
    return hasHashOnly
      ? this.#refuse(`user '${user}' ${onlyHash}`, origin)
      : this.loginProved(user, matches, origin)
  }

  /** Ends a login in which the user has proved who it is, by a certificate, say, or has not. */
  loginProved(user: string, matches: boolean, origin: Origin): LoginResult {
    const known = this.#access.findUser(user)
    if (known !== undefined && matches && this.#mayComeFrom(user, origin)) {
      return this.#accept(principalOf(known, origin))
    }
    const refused = this.#refuse(`user '${user}' ${reasonFor(known, matches)}`, origin)
    return known !== undefined && matches ? { ...refused, isFromAfar: true } : refused
  }

  /** How long a login still holds, in milliseconds; undefined for ever. */
  lifetimeMsOf({ token }: Principal): number | undefined {
    return token && Math.max(0, token.expiresAt - this.#clock.now())
  }

  /** Whether a login was with a token that has expired. */
  hasExpired(principal: Principal): boolean {
    return this.lifetimeMsOf(principal) === 0
  }

  /** What a client may do in `vhost`, now and later. */
  rightsOf(principal: Principal, vhost: string): Rights {
    return this.#access.rightsFor(principal, vhost)
  }

  /** Whether a client is an administrator's now: by its token, if that is how it logged in. */
  isAdministrator({ user, tags, token }: Principal): boolean {
    if (token !== undefined) return tags.includes(administratorTag)
    return this.#access.isAdministrator(user)
  }

  /** Takes as long for a user that is not there. */
  #matches({ user, password }: Credentials): boolean {
    const hash = this.#access.findUser(user) ?? this.#nobodysHash
    // RabbitMQ: nobody logs in with an empty password, whatever the hash.
    return matchesPassword(password, hash) && password.length > 0
  }

  #mayComeFrom(user: string, { address }: Origin): boolean {
    return !this.#loopbackUsers.has(user) || isLoopback(address)
  }

  #accept(principal: Principal): LoginResult {
    this.logins[principal.protocol].accepted++
    return { principal, refusal: undefined }
  }

  #refuse(refusal: string, { protocol, address }: Origin): RefusedLogin {
    this.logins[protocol].refused++
    return { principal: undefined, refusal, waitMs: this.#brake.onWrongLogin(address) }
  }
}

function principalOf({ name, tags }: UserRow, origin: Origin): Principal {
  return { ...origin, user: name, tags }
}

const onlyHash =
  'has only the hash of a password, which is not enough for SCRAM: see pabal user password'

function reasonFor(known: UserRow | undefined, matches: boolean): string {
  if (known === undefined) return 'does not exist'
  if (matches) return 'can only connect via localhost'
  return known.passwordHash === '' ? 'has no password' : 'sent a wrong password'
}
