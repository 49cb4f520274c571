// Sessions of browsers: a password is sent once, and a cookie that no script can read stands for it. Those here end
// with the process, which costs a login; in a cluster all nodes know them (signed-sessions.ts).
import type { AccessControl } from '../../auth/access-control.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { adminLimits } from '../../limits/admin.ts'

/** The name of the cookie. */
export const sessionCookie = 'pabal_session'

/** Whose cookies are whose sessions; a token is what a cookie holds. */
export interface SessionKeeper {
  /** Begins a session for a user who has proved its password. */
  begin(principal: Principal): string
  /** Who a session is of; undefined when it has ended. */
  find(token: string): Principal | undefined
  /** Whether a session goes on; asking does not count as use. */
  has(token: string): boolean
  /** When it ends if nothing more is asked in it, in milliseconds since the Unix epoch; undefined when it has. */
  endsAt(token: string): number | undefined
  /** The cookie's next token, after use; undefined where it stays. */
  renew?(token: string): string | undefined
  /** Resolves when it has ended. */
  end(token: string): void | Promise<void>
}

interface Session {
  readonly principal: Principal
  /** Of the password that it began with: another one ends it. */
  readonly passwordHash: string
  readonly beganAt: number
  lastUsedAt: number
}

export interface SessionsOptions {
  readonly access: AccessControl
  readonly clock: Clock
  readonly random: Random
}

export class Sessions implements SessionKeeper {
  readonly #access: AccessControl
  readonly #clock: Clock
  readonly #random: Random
  /** By token; the one that was not used for longest first. */
  readonly #sessions = new Map<string, Session>()

  constructor({ access, clock, random }: SessionsOptions) {
    this.#access = access
    this.#clock = clock
    this.#random = random
  }

  begin(principal: Principal): string {
    const { sessionsMax, sessionsPerUserMax } = adminLimits
    const own = [...this.#sessions].filter(
      ([, session]) => session.principal.user === principal.user,
    )
    if (own.length >= sessionsPerUserMax) this.#sessions.delete(own[0]![0])
    else if (this.#sessions.size >= sessionsMax)
      this.#sessions.delete([...this.#sessions.keys()][0]!)
    const token = this.#random.bytes(32).toString('base64url')
    const now = this.#clock.monotonic()
    const passwordHash = this.#access.findUser(principal.user)?.passwordHash ?? ''
    this.#sessions.set(token, { principal, passwordHash, beganAt: now, lastUsedAt: now })
    return token
  }

  find(token: string): Principal | undefined {
    const session = this.#sessions.get(token)
    this.#sessions.delete(token)
    const user = session && this.#userOf(session)
    if (session === undefined || user === undefined) return undefined
    session.lastUsedAt = this.#clock.monotonic()
    this.#sessions.set(token, session)
    return { ...session.principal, tags: user.tags }
  }

  has(token: string): boolean {
    const session = this.#sessions.get(token)
    return session !== undefined && this.#userOf(session) !== undefined
  }

  endsAt(token: string): number | undefined {
    const session = this.#sessions.get(token)
    if (session === undefined || this.#userOf(session) === undefined) return undefined
    const { lastUsedAt, beganAt } = session
    const { sessionIdleMsMax, sessionMsMax } = adminLimits
    const endsAt = Math.min(lastUsedAt + sessionIdleMsMax, beganAt + sessionMsMax)
    return this.#clock.now() + endsAt - this.#clock.monotonic()
  }

  /** Undefined when it has ended. */
  #userOf({
    principal,
    passwordHash,
    lastUsedAt,
    beganAt,
  }: Session): ReturnType<AccessControl['findUser']> {
    const user = this.#access.findUser(principal.user)
    if (user === undefined || user.passwordHash !== passwordHash) return undefined
    const now = this.#clock.monotonic()
    const isOver =
      now - lastUsedAt > adminLimits.sessionIdleMsMax || now - beganAt > adminLimits.sessionMsMax
    return isOver ? undefined : user
  }

  end(token: string): void {
    this.#sessions.delete(token)
  }
}
