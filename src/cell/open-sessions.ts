// The sessions of a cell. As groups they are there whether the port of their protocol is open or not: what is published
// for them waits in their queues.
import type { Broker } from '../broker/broker.ts'
import { Sessions, type SessionsOptions } from '../broker/session/sessions.ts'

/** With what an earlier process kept of them, from the log's keyed state at the start. */
export async function openSessions(
  broker: Broker,
  options: SessionsOptions,
  state: ReadonlyMap<string, Buffer>,
): Promise<Sessions> {
  const sessions = new Sessions(broker, options)
  await sessions.restore(state)
  return sessions
}
