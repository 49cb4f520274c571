// What a caller may do with consumer groups: as on the Kafka port (docs/permissions.md), in the virtual host
// that Kafka's clients are in.
import { mayInKafka } from '../../auth/kafka-rights.ts'
import { BrokerError } from '../../broker/broker-error.ts'
import { defaultVHost } from '../../broker/broker.ts'
import { permit } from '../../broker/permit.ts'
import type { Caller } from '../api/caller.ts'

/** Monitoring sees all groups, others those that they may do something with. */
export function mayDescribe(caller: Caller, group: string): boolean {
  if (caller.hasTag('monitoring')) return true
  return mayOnGroup(caller, 'describe', group)
}

export function mayOnGroup(
  caller: Caller,
  operation: 'read' | 'delete' | 'describe' | 'alter-configs',
  group: string,
): boolean {
  const rights = caller.rightsIn(defaultVHost)
  return mayInKafka(rights, { type: 'group', operation, name: group })
}

/** Throws `access_refused`. */
export function permitGroup(
  caller: Caller,
  operation: 'read' | 'delete' | 'alter-configs',
  group: string,
): void {
  if (mayOnGroup(caller, operation, group)) return
  const { user } = caller.principal
  const right = operation === 'read' ? operation : 'configure'
  const text = `${right} access to group '${group}' refused for user '${user}'`
  throw new BrokerError('access_refused', text)
}

/** Throws `access_refused`. */
export function permitTopicRead(caller: Caller, name: string): void {
  permit(caller.rightsIn(defaultVHost), 'read', { kind: 'queue', name })
}
