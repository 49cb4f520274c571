// Changes of who may do what: in force at once, on open connections too; a ticket says when they are durable.
import { clusterName } from '../auth/kafka-rights.ts'
import { authLimits } from '../limits/auth.ts'
import type { Ticket } from '../log/ticket.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import type { Broker } from './broker.ts'

/** Several are one change. */
export function changeAccess(broker: Broker, changes: readonly AccessChange[]): Ticket | undefined {
  const { access, rates } = broker
  for (const change of changes) {
    access.apply(change)
    if (change.kind !== 'user') continue
    rates.refresh('user', change.op === 'put' ? change.row.name : change.name)
  }
  return broker.writeAccess(changes)
}

/** Those that are there stay; undefined when all are. */
export function addAcls(broker: Broker, rows: readonly AclRow[]): Ticket | undefined {
  const added = rows.filter((row) => !broker.access.hasAcl(row))
  if (added.length === 0) return undefined
  return changeAccess(
    broker,
    added.map((row) => ({ kind: 'acl', op: 'put', row })),
  )
}

/** Those that are not there are no concern; undefined when none is. */
export function deleteAcls(broker: Broker, rows: readonly AclRow[]): Ticket | undefined {
  const deleted = rows.filter((row) => broker.access.hasAcl(row))
  if (deleted.length === 0) return undefined
  return changeAccess(
    broker,
    deleted.map((row) => ({ kind: 'acl', op: 'delete', row })),
  )
}

/** Why there can be no such ACL, in Kafka's words; undefined when there can. */
export function whyNoAcl({ resourceType, name, principal, host }: AclRow): string | undefined {
  if (resourceType === 'cluster' && name !== clusterName) {
    return `The only valid name for the CLUSTER resource is ${clusterName}`
  }
  if (name === '') return 'Invalid empty resource name'
  if (!principal.includes(':')) {
    return `Could not parse principal from \`${principal}\` (no colon is present separating the principal type from the principal name)`
  }
  if (host === '') return 'Invalid empty host'
  const longest = Math.max(...[name, principal, host].map((text) => Buffer.byteLength(text)))
  if (longest <= authLimits.aclTextSizeMax) return undefined
  return `A name, a principal or a host has more than ${authLimits.aclTextSizeMax} bytes`
}

/** Why there is no room for another user; undefined when there is. */
export function whyNoMoreUsers({ access }: Broker): string | undefined {
  const { users } = access.counts
  return users < authLimits.usersMax ? undefined : `there are ${users} users, and no more fit`
}

/** Why there is no room for another ACL; undefined when there is. */
export function whyNoMoreAcls({ access }: Broker): string | undefined {
  const { acls } = access.counts
  return acls < authLimits.aclsMax ? undefined : `There are ${acls} ACLs, and no more fit`
}
