// How far a partition is compacted. Kept in the log's keyed state; where it is older than the log, compaction only
// does again what was done.
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import { rewrittenEndIn, rewrittenKey } from '../../log/rewritten-end.ts'

const valueSize = 24

export class CompactionState {
  /** Below it each key is there once (Kafka's first dirty offset). */
  cleanedEnd = 0
  /** When that came about, milliseconds since 1970; 0 for never. */
  cleanedAt = 0
  /** When the first of the tombstones below it may go; Infinity for never. */
  horizon: number = Infinity
  /** From here on records are in the active part, which is not compacted. */
  activeStart = 0
  /** When the first of them came; undefined: there is none. */
  activeSince: number | undefined
  /** When the first record came that is dirty; undefined: there is none, or nobody has looked. */
  dirtySince: number | undefined
  /** The last try failed; the next is to be made then. */
  retryAt = 0
  /** The log ended there when there was nothing to be done but for its last run. */
  triedEnd = -1

  /** Puts back what was kept. */
  restore(value: Buffer): void {
    if (value.length < valueSize) return
    this.cleanedEnd = rewrittenEndIn(value)
    this.cleanedAt = value.readDoubleBE(8)
    this.horizon = value.readDoubleBE(16)
    this.activeStart = this.cleanedEnd
  }

  /** Keeps it. Within an atom. */
  keep(store: LogStore, log: Log): void {
    const value = Buffer.allocUnsafe(valueSize)
    value.writeDoubleBE(this.cleanedEnd, 0)
    value.writeDoubleBE(this.cleanedAt, 8)
    value.writeDoubleBE(this.horizon, 16)
    store.putState(rewrittenKey(log.id), value, log)
  }
}
