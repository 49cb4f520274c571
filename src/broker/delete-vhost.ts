// Deleting a virtual host: all in it goes as one atom, and nothing of it is left after a crash.
import type { AccessControl } from '../auth/access-control.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import type { Destination } from './destination.ts'
import type { ExclusiveQueues } from './exclusive-queues.ts'
import type { TopologyLog } from './topology-log.ts'
import type { VHost } from './vhost.ts'
import type { VHosts } from './vhosts.ts'

export interface DeleteVHostContext {
  readonly store: LogStore
  readonly topology: TopologyLog
  readonly access: AccessControl
  readonly vhosts: VHosts
  readonly exclusiveQueues: ExclusiveQueues
  /** Told just before a queue or topic is deleted. */
  readonly deletionListeners: readonly ((queue: Destination) => void)[]
  /** Told within the atom. */
  readonly vhostDeletionListeners: readonly ((vhost: VHost<Destination>) => void)[]
}

/** Consumers are told; connections are the caller's to close. */
export function deleteVHost(
  context: DeleteVHostContext,
  vhost: VHost<Destination>,
): Ticket | undefined {
  const { store, topology, access, vhosts, exclusiveQueues, deletionListeners } = context
  const { name } = vhost
  const { topics } = vhosts.partsOf(vhost)
  const queues = [...vhost.queues()]
  for (const queue of queues) for (const listener of deletionListeners) listener(queue)
  store.beginAtom()
  for (const queue of queues) {
    if (queue.kind === 'topic') topics.deleteLogs(queue)
    else {
      for (const { log } of queue.cursors) store.deleteLog(log)
      topics.forgetQueue(queue)
      exclusiveQueues.remove(queue)
    }
  }
  for (const listener of context.vhostDeletionListeners) listener(vhost)
  vhost.close()
  topology.put([{ kind: 'vhost', op: 'delete', name }])
  const ticket = store.endAtom()
  for (const queue of queues) queue.onDeleted()
  vhosts.remove(name)
  access.deleteVHost(name)
  return ticket
}
