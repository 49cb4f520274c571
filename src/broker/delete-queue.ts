// queue.delete and its like: a queue or topic goes with its messages and bindings.
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import type { Destination } from './destination.ts'
import type { ExclusiveQueues } from './exclusive-queues.ts'
import type { Topics } from './topic/topics.ts'
import type { TopologyLog } from './topology-log.ts'
import type { Changes, VHost } from './vhost.ts'

/** What deleting needs of the broker. */
export interface DeleteContext {
  readonly store: LogStore
  readonly topology: TopologyLog
  readonly exclusiveQueues: ExclusiveQueues
  /** Told just before a queue or topic is deleted. */
  readonly deletionListeners: readonly ((queue: Destination) => void)[]
  getVHost(name: string): VHost<Destination>
  topicsOf(vhost: VHost<Destination>): Topics
}

/** Consumers are told; the subscriptions of a topic go with it. Not within an atom. */
export function deleteQueue(context: DeleteContext, queue: Destination): Ticket | undefined {
  if (queue.isDeleted) return undefined
  for (const listener of context.deletionListeners) listener(queue)
  const { store } = context
  const vhost = context.getVHost(queue.vhost)
  const topics = context.topicsOf(vhost)
  if (queue.kind === 'topic') {
    for (const subscription of queue.subscriptions) deleteQueue(context, subscription)
    return topics.delete(queue)
  }
  const { name } = queue
  const cascaded = vhost.removeQueue(name)
  const changes: Changes = queue.isDurable
    ? [{ kind: 'queue', op: 'delete', vhost: vhost.name, name }, ...cascaded]
    : cascaded
  store.beginAtom()
  for (const { log } of queue.cursors) store.deleteLog(log)
  for (const cursor of queue.source?.cursors ?? []) store.deleteCursor(cursor)
  topics.forgetQueue(queue)
  context.topology.put(changes)
  const ticket = store.endAtom()
  context.exclusiveQueues.remove(queue)
  queue.onDeleted()
  return ticket
}
