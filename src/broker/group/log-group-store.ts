// Groups and their offsets in the log's keyed state.
import type { StateEntry } from '../../log/commit.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { GroupRow, GroupStore, GroupVerdict } from './group-store.ts'

const keyPrefix = 'group/'

export class LogGroupStore implements GroupStore {
  readonly #store: LogStore
  /** Of the last write that changed something. */
  #ticket: Ticket | undefined

  constructor(store: LogStore) {
    this.#store = store
  }

  write(
    rows: readonly GroupRow[],
    done: (verdict: GroupVerdict) => void,
    within?: () => void,
  ): void {
    this.#store.beginAtom()
    const hasRoom = this.#store.putStates(rows.map(toEntry))
    if (hasRoom) within?.()
    this.#ticket = this.#store.endAtom() ?? this.#ticket
    const verdict = hasRoom ? 'durable' : 'full'
    // Also one that has changed nothing is answered after those before it, and not inside this call.
    if (this.#ticket?.isDurable === false) this.#ticket.whenDurable(() => done(verdict))
    else queueMicrotask(() => done(verdict))
  }

  put(rows: readonly GroupRow[]): void {
    // One by one: together they would need room for what is new before what is old has gone.
    for (const { key, value } of rows.map(toEntry)) this.#store.putState(key, value)
  }
}

function toEntry({ key, value }: GroupRow): StateEntry {
  return { key: keyPrefix + key.toString('latin1'), value }
}

/** The rows among the log's keyed state. */
export function groupRowsOf(state: ReadonlyMap<string, Buffer>): GroupRow[] {
  return Array.from(state)
    .filter(([key]) => key.startsWith(keyPrefix))
    .map(([key, value]) => ({ key: Buffer.from(key.slice(keyPrefix.length), 'latin1'), value }))
}
