// Who asks by HTTP, and what it may do: its tags say what of the management it sees, its permissions what it
// may do with queues and exchanges.
import { type AccessControl, administratorTag } from '../../auth/access-control.ts'
import type { Principal } from '../../auth/principal.ts'
import { Rights } from '../../auth/rights.ts'

/** RabbitMQ's tags. Each but `management` includes that one. */
export type ManagementTag = 'management' | 'policymaker' | 'monitoring' | typeof administratorTag

export interface Caller {
  readonly principal: Principal
  /** An administrator may do what any tag says. */
  hasTag(tag: ManagementTag): boolean
  /** What it may do in a virtual host. */
  rightsIn(vhost: string): Rights
}

export function callerOf(principal: Principal, access: AccessControl): Caller {
  const tags = new Set(principal.tags)
  const isAdministrator = tags.has(administratorTag)
  const isManagement =
    isAdministrator || ['management', 'policymaker', 'monitoring'].some((tag) => tags.has(tag))
  return {
    principal,
    hasTag: (tag) => isAdministrator || (tag === 'management' ? isManagement : tags.has(tag)),
    rightsIn: (vhost) => access.rightsFor(principal, vhost),
  }
}

/** The owner of the data folder, who comes by its socket. */
export const ownerCaller: Caller = {
  principal: {
    protocol: 'HTTP',
    address: '',
    user: 'owner of the data folder',
    tags: [administratorTag],
  },
  hasTag: () => true,
  rightsIn: (vhost) => new Rights({ user: '', vhost }, { permission: 'all', topics: [] }),
}
