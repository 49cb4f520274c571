// Sessions of browsers that somebody has ended before their time, as all nodes of a cluster know them: a session itself
// stands in its cookie, and is good at every node. A row is needed for as long as its session would have lasted.
import type { Clock } from '../lib/clock.ts'
import { adminLimits } from '../limits/admin.ts'
import type { SharedChange, SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { Ticket } from '../log/ticket.ts'

/** Of one session. */
const oneKind = 'ended-session'
/** Of all that a user has begun before some time. */
const allKind = 'ended-sessions'

/** A session, as far as it is told from others. */
export interface NamedSession {
  readonly id: string
  readonly user: string
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number
}

interface EndedRow {
  readonly user: string
  readonly beganAt: number
}

export function isEndedKind(kind: string): boolean {
  return kind === oneKind || kind === allKind
}

export class EndedSessions {
  readonly #clock: Clock
  readonly #write: (changes: readonly SharedChange[]) => Ticket
  /** By id. */
  #ended = new Map<string, EndedRow>()
  /** By user: what began no later has ended. */
  #before = new Map<string, number>()

  constructor(clock: Clock, write: (changes: readonly SharedChange[]) => Ticket) {
    this.#clock = clock
    this.#write = write
  }

  has({ id, user, beganAt }: NamedSession): boolean {
    return this.#ended.has(id) || beganAt <= (this.#before.get(user) ?? -Infinity)
  }

  /** It has ended here at once, elsewhere with the next heartbeat, for good when the ticket says so. */
  end({ id, user, beganAt }: NamedSession): Ticket {
    const own = [...this.#ended].filter(([, row]) => row.user === user)
    const changes = this.#forgotten()
    const isFull = own.length >= adminLimits.sessionsPerUserMax
    // Who ends so many has all that began before logged out.
    if (isFull) {
      const now = this.#clock.now()
      this.#before.set(user, now)
      changes.push(...own.map(([each]) => deletion(oneKind, each)))
      for (const [each] of own) this.#ended.delete(each)
      changes.push(put(allKind, user, { user, beganAt: now }))
    } else {
      this.#ended.set(id, { user, beganAt })
      changes.push(put(oneKind, id, { user, beganAt }))
    }
    return this.#write(changes)
  }

  /** What PostgreSQL has, and this node has written meanwhile. */
  take(rows: Iterable<SharedRow>): void {
    const ended = new Map<string, EndedRow>()
    const before = new Map<string, number>()
    for (const { kind, key, row } of rows) {
      const name = JSON.parse(key) as string
      const value = JSON.parse(row) as EndedRow
      if (kind === allKind) before.set(name, value.beganAt)
      else ended.set(name, value)
    }
    this.#ended = ended
    this.#before = before
  }

  /** Forgets those whose sessions would be over by now. */
  #forgotten(): SharedChange[] {
    const oldest = this.#clock.now() - adminLimits.sessionMsMax
    const changes: SharedChange[] = []
    for (const [id, { beganAt }] of this.#ended) {
      if (beganAt >= oldest) continue
      this.#ended.delete(id)
      changes.push(deletion(oneKind, id))
    }
    for (const [user, beganAt] of this.#before) {
      if (beganAt >= oldest) continue
      this.#before.delete(user)
      changes.push(deletion(allKind, user))
    }
    return changes
  }
}

function put(kind: string, name: string, row: EndedRow): SharedChange {
  const userKey = JSON.stringify(row.user)
  return { op: 'put', kind, key: JSON.stringify(name), row: JSON.stringify(row), userKey }
}

function deletion(kind: string, name: string): SharedChange {
  return { op: 'delete', kind, key: JSON.stringify(name) }
}
