// Who changed what by the HTTP API and by commands: the last ones, for who looks after the broker. The log of the
// broker has all of them.
import { adminLimits } from '../limits/admin.ts'

export interface AuditEntry {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly user: string
  /** Empty for the local socket. */
  readonly address: string
  readonly method: string
  /** It names what was changed; bodies have passwords in them. */
  readonly path: string
}

export class AuditLog {
  /** A ring: the oldest is at `#next` once it is full. */
  readonly #entries: AuditEntry[] = []
  #next = 0

  add(entry: AuditEntry): void {
    const path = entry.path.slice(0, adminLimits.auditPathLengthMax)
    this.#entries[this.#next] = { ...entry, path }
    this.#next = (this.#next + 1) % adminLimits.auditEntriesMax
  }

  /** Newest first. */
  entries(): AuditEntry[] {
    const inOrder = [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)]
    return inOrder.toReversed()
  }
}
