// The sessions of MQTT together, added up for a scrape.
import type { Session } from '../broker/session/session.ts'
import type { Sessions } from '../broker/session/sessions.ts'

export interface SessionSums {
  connected: number
  away: number
  /** Messages in their queues that are to be sent, … */
  backlog: number
  /** … and those of the session that has the most. */
  largestBacklog: number
  /** Messages that clients have not answered, with ids of QoS 2 that they have not completed. */
  inFlight: number
  wills: number
}

export function noSessions(): SessionSums {
  return { connected: 0, away: 0, backlog: 0, largestBacklog: 0, inFlight: 0, wills: 0 }
}

export function addSession(sums: SessionSums, { client, queue, inFlight, will }: Session): void {
  if (client === undefined) sums.away++
  else sums.connected++
  const queued = queue?.readyCount ?? 0
  sums.backlog += queued
  sums.largestBacklog = Math.max(sums.largestBacklog, queued)
  sums.inFlight += inFlight.size
  if (will !== undefined) sums.wills++
}

export function allSessions(sessions: Sessions | undefined): Session[] {
  const all: Session[] = []
  for (const { all: own } of sessions ?? []) for (const each of own.values()) all.push(each)
  return all
}
