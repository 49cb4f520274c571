import type { Destination } from '../destination.ts'
import { clientIdOfQueue } from './session-queue-names.ts'
import type { VHostSessions } from './vhost-sessions.ts'

/** Whether MQTT made a queue: for a session, for those who share a subscription, or for retained messages. */
export function isSessionQueue(sessions: VHostSessions, queue: Destination): boolean {
  const clientId = clientIdOfQueue(queue.name)
  const session = clientId === undefined ? undefined : sessions.all.get(clientId)
  const owner = session ?? sessions.groups.find(queue.name) ?? sessions.retained
  return owner.queue === queue
}
