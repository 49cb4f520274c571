// Sessions of browsers that every node of a cluster knows: what they are stands in the cookie, signed with a key that all
// nodes have. They outlive nodes. What ends one before its time is kept where all nodes look: its user, the user's
// password, and which sessions were ended by hand.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AccessControl } from '../../auth/access-control.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { SessionKeeper } from './sessions.ts'

/** Sessions that were ended by hand. */
export interface SessionEnds {
  has(session: SignedSession): boolean
  /** Resolves when all nodes know it, or will with their next look. */
  end(session: SignedSession): Promise<void>
}

/** What a cookie says. */
export interface SignedSession {
  readonly id: string
  readonly user: string
  /** From where its user has logged in. */
  readonly address: string
  /** Of the password that it began with: another one ends it. */
  readonly password: string
  /** Milliseconds since the Unix epoch, by the clock of the node that was asked. */
  readonly beganAt: number
  readonly usedAt: number
}

export interface SignedSessionsOptions {
  /** That of the cluster. */
  readonly secret: Buffer
  readonly access: Pick<AccessControl, 'findUser'>
  readonly clock: Clock
  readonly random: Random
  readonly ends: SessionEnds
}

export class SignedSessions implements SessionKeeper {
  readonly #options: SignedSessionsOptions
  readonly #key: Buffer

  constructor(options: SignedSessionsOptions) {
    this.#options = options
    this.#key = createHmac('sha256', options.secret).update('pabal browser session').digest()
  }

  begin({ user, address }: Principal): string {
    const { random, clock, access } = this.#options
    const now = clock.now()
    const password = this.#markOf(access.findUser(user)?.passwordHash)
    const id = random.bytes(16).toString('base64url')
    return this.#sign({ id, user, address, password, beganAt: now, usedAt: now })
  }

  find(token: string): Principal | undefined {
    const session = this.#read(token)
    const user = session && this.#options.access.findUser(session.user)
    if (session === undefined || user === undefined) return undefined
    return { protocol: 'HTTP', address: session.address, user: session.user, tags: user.tags }
  }

  has(token: string): boolean {
    return this.#read(token) !== undefined
  }

  endsAt(token: string): number | undefined {
    const session = this.#read(token)
    return session && endOf(session)
  }

  /** The token that says that it was used now; undefined while that of before is good enough. */
  renew(token: string): string | undefined {
    const session = this.#read(token)
    const now = this.#options.clock.now()
    if (session === undefined || now - session.usedAt < adminLimits.sessionRenewMs) return undefined
    return this.#sign({ ...session, usedAt: now })
  }

  async end(token: string): Promise<void> {
    const session = this.#read(token)
    if (session !== undefined) await this.#options.ends.end(session)
  }

  /** Undefined for what is no session, or none any more. */
  #read(token: string): SignedSession | undefined {
    const [text = '', signature = ''] = token.split('.', 2)
    const signed = Buffer.from(signature, 'base64url')
    const expected = this.#signatureOf(text)
    if (signed.length !== expected.length || !timingSafeEqual(signed, expected)) return undefined
    const session = JSON.parse(Buffer.from(text, 'base64url').toString()) as SignedSession
    const { access, clock, ends } = this.#options
    const user = access.findUser(session.user)
    if (user === undefined || this.#markOf(user.passwordHash) !== session.password) return undefined
    return clock.now() > endOf(session) || ends.has(session) ? undefined : session
  }

  #sign(session: SignedSession): string {
    const text = Buffer.from(JSON.stringify(session)).toString('base64url')
    return `${text}.${this.#signatureOf(text).toString('base64url')}`
  }

  #signatureOf(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }

  /** Tells passwords apart, and says nothing of them. */
  #markOf(passwordHash = ''): string {
    const mark = createHmac('sha256', this.#key).update('password\n').update(passwordHash)
    return mark.digest().subarray(0, 16).toString('base64url')
  }
}

function endOf({ beganAt, usedAt }: SignedSession): number {
  const { sessionIdleMsMax, sessionMsMax } = adminLimits
  return Math.min(usedAt + sessionIdleMsMax, beganAt + sessionMsMax)
}
