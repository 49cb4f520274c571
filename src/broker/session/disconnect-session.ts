import type { Session } from './session.ts'
import type { VHostSessions } from './vhost-sessions.ts'

/** Somebody ends the connection of a session, whose will is sent as ever. False when it has none. Not within an atom. */
export function disconnectSession(sessions: VHostSessions, session: Session): boolean {
  const { client } = session
  if (client === undefined) return false
  sessions.leave(session, client, { sendsWill: true })
  client.onEnded('disconnected')
  return true
}
