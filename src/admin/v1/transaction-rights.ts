// What a caller may do with transactional ids: as on the Kafka port (docs/permissions.md), where they are names as
// those of topics are.
import type { Operation } from '../../auth/rights.ts'
import { BrokerError } from '../../broker/broker-error.ts'
import { defaultVHost } from '../../broker/broker.ts'
import type { Caller } from '../api/caller.ts'

const operations: readonly Operation[] = ['read', 'write', 'configure']

/** Monitoring sees all, others those that they may do something with. */
export function mayDescribeTransaction(caller: Caller, id: string): boolean {
  if (caller.hasTag('monitoring')) return true
  const rights = caller.rightsIn(defaultVHost)
  return operations.some((operation) => rights.may(operation, id))
}

/** Throws `access_refused` for who may not write with the id. */
export function permitTransaction(caller: Caller, id: string): void {
  if (caller.rightsIn(defaultVHost).may('write', id)) return
  const { user } = caller.principal
  const text = `write access to transactional id '${id}' refused for user '${user}'`
  throw new BrokerError('access_refused', text)
}
