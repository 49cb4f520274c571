// Where logs ended when their data folder was made of a backup. Kafka's clients may have read further before,
// records of which nobody knows any more; they ask where the epoch of what they have read ends, and must not be
// told of records that came since and have the same offsets.
import type { StateEntry } from '../../log/commit.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'

const keyPrefix = 'restored-ends/'
/** Log id and end, as doubles. */
const entrySize = 16
/** So many logs share a key. */
const logsPerKey = 4096

interface RestoredEnd {
  /** Records from before the restore have this epoch at most. */
  readonly epoch: number
  readonly end: number
}

export class RestoredEnds {
  /** By log. */
  readonly #ends = new Map<number, RestoredEnd[]>()

  /**
   * `state` is the log's keyed state at the start, `logs` what was recovered: nothing may have been appended
   * yet. The first start after a restore writes their ends down.
   */
  constructor(store: LogStore, state: ReadonlyMap<string, Buffer>, logs: readonly Log[]) {
    const { restoredEpoch } = store
    const known = new Set<number>()
    for (const [key, value] of state) {
      if (!key.startsWith(keyPrefix)) continue
      const epoch = Number.parseInt(key.slice(keyPrefix.length), 10)
      known.add(epoch)
      this.#read(epoch, value)
    }
    if (restoredEpoch === 0 || known.has(restoredEpoch)) return
    const entries = encode(restoredEpoch, logs)
    store.beginAtom()
    store.putStates(entries)
    store.endAtom()
    for (const { value } of entries) if (value !== undefined) this.#read(restoredEpoch, value)
  }

  /** Where records of `epoch` and before end at most. */
  endOf(logId: number, epoch: number): number {
    const ends = this.#ends.get(logId)?.filter((restored) => epoch <= restored.epoch) ?? []
    return Math.min(Infinity, ...ends.map(({ end }) => end))
  }

  #read(epoch: number, value: Buffer): void {
    for (let at = 0; at < value.length; at += entrySize) {
      const restored = { epoch, end: value.readDoubleBE(at + 8) }
      const logId = value.readDoubleBE(at)
      const ends = this.#ends.get(logId)
      if (ends === undefined) this.#ends.set(logId, [restored])
      else ends.push(restored)
    }
  }
}

/** At least one, so that it is known that there are no more. */
function encode(epoch: number, logs: readonly Log[]): StateEntry[] {
  const entries: StateEntry[] = []
  for (let from = 0; from === 0 || from < logs.length; from += logsPerKey) {
    const part = logs.slice(from, from + logsPerKey)
    const value = Buffer.alloc(part.length * entrySize)
    for (const [index, { id, endOffset }] of part.entries()) {
      value.writeDoubleBE(id, index * entrySize)
      value.writeDoubleBE(endOffset, index * entrySize + 8)
    }
    entries.push({ key: `${keyPrefix}${epoch}/${from}`, value })
  }
  return entries
}
