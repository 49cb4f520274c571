// What a caller may do with consumer groups: as on the Kafka port (docs/permissions.md), in the virtual host
// that Kafka's clients are in.
import type { Operation } from '../../auth/rights.ts'
import { BrokerError } from '../../broker/broker-error.ts'
import { defaultVHost } from '../../broker/broker.ts'
import { permit } from '../../broker/permit.ts'
import type { Caller } from '../api/caller.ts'

const operations: readonly Operation[] = ['read', 'write', 'configure']

/** Monitoring sees all groups, others those that they may do something with. */
export function mayDescribe(caller: Caller, group: string): boolean {
  if (caller.hasTag('monitoring')) return true
  const rights = caller.rightsIn(defaultVHost)
  return operations.some((operation) => rights.may(operation, group))
}

/** Throws `access_refused`. */
export function permitGroup(caller: Caller, operation: Operation, group: string): void {
  const rights = caller.rightsIn(defaultVHost)
  if (rights.may(operation, group)) return
  const { user } = caller.principal
  const text = `${operation} access to group '${group}' refused for user '${user}'`
  throw new BrokerError('access_refused', text)
}

/** Throws `access_refused`. */
export function permitTopicRead(caller: Caller, name: string): void {
  permit(caller.rightsIn(defaultVHost), 'read', { kind: 'queue', name })
}
