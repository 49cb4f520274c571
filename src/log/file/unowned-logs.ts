// Offline: logs with messages that no topology entry names. The log keeps entries and never looks into
// them, so whoever can read them says which logs they name.
import type { TopologyEntry } from '../commit.ts'

export interface UnownedLog {
  readonly id: number
  readonly cursorIds: readonly number[]
  /** Messages in it that are kept and can be had. */
  readonly messageCount: number
}

/** A data folder's logs, and the topology that names them. */
interface LogsAndTopology {
  topology(): TopologyEntry[]
  logs(): UnownedLog[]
}

/** Reads topology entries, and writes one. */
export interface LogAdopter {
  /** The logs that somebody has. */
  ownedLogs(entries: readonly TopologyEntry[]): ReadonlySet<number>
  /** An entry that gives `log` to somebody new, of that name. */
  adopt(
    log: UnownedLog,
    entries: readonly TopologyEntry[],
  ): { readonly name: string; readonly entry: Buffer }
}

export function findUnownedLogs(contents: LogsAndTopology, adopter: LogAdopter): UnownedLog[] {
  const owned = adopter.ownedLogs(contents.topology())
  return contents.logs().filter(({ id, messageCount }) => messageCount > 0 && !owned.has(id))
}
