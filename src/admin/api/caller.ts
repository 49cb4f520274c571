// Who asks by HTTP, and what it may do: its tags say what of the management it sees, its permissions what it
// may do with queues and exchanges.
import { type AccessControl, administratorTag } from '../../auth/access-control.ts'
import type { Principal } from '../../auth/principal.ts'
import { Rights } from '../../auth/rights.ts'

/** RabbitMQ's tags. Each but `management` includes that one. */
export type ManagementTag = 'management' | 'policymaker' | 'monitoring' | typeof administratorTag

/** How somebody has shown who it is. `none`: by where it comes from. */
export type LoginKind = 'owner' | 'none' | 'password' | 'token' | 'session'

/** What somebody has logged in with. */
export interface Login {
  readonly kind: LoginKind
  /** Whether it is good still; left out where it is for as long as the user is there. */
  readonly isGood?: () => boolean
  /** In milliseconds since the Unix epoch; undefined when nobody can say. */
  readonly endsAt?: () => number | undefined
}

export interface Caller {
  readonly principal: Principal
  readonly login: Login
  /** An administrator may do what any tag says. */
  hasTag(tag: ManagementTag): boolean
  /** What it may do in a virtual host. */
  rightsIn(vhost: string): Rights
  /**
   * Whether it is logged in still, as it was, for what goes on for long: its session, its token and its user
   * last. `now` is in milliseconds since the Unix epoch.
   */
  isCurrent(now: number): boolean
}

export function callerOf(principal: Principal, access: AccessControl, login: Login): Caller {
  const tags = new Set(principal.tags)
  const known = access.findUser(principal.user)
  const isAdministrator = tags.has(administratorTag)
  const isManagement =
    isAdministrator || ['management', 'policymaker', 'monitoring'].some((tag) => tags.has(tag))
  return {
    principal,
    login,
    hasTag: (tag) => isAdministrator || (tag === 'management' ? isManagement : tags.has(tag)),
    rightsIn: (vhost) => access.rightsFor(principal, vhost),
    isCurrent: (now) => {
      const { user, token } = principal
      if (token !== undefined) return now < token.expiresAt
      // What is put again is another row, whatever has changed.
      return login.isGood?.() !== false && access.findUser(user) === known
    },
  }
}

/** The owner of the data folder, who comes by its socket. */
export const ownerCaller: Caller = {
  login: { kind: 'owner' },
  principal: {
    protocol: 'HTTP',
    address: '',
    user: 'owner of the data folder',
    tags: [administratorTag],
  },
  hasTag: () => true,
  isCurrent: () => true,
  rightsIn: (vhost) => new Rights({ user: '', vhost }, { permission: 'all', topics: [] }),
}
