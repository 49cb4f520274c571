// Groups and their offsets in the log's keyed state.
import { LogError } from '../../log/log-error.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { GroupRow, GroupStore, GroupVerdict } from './group-store.ts'

const keyPrefix = 'group/'

export class LogGroupStore implements GroupStore {
  readonly #store: LogStore

  constructor(store: LogStore) {
    this.#store = store
  }

  write(rows: readonly GroupRow[], done: (verdict: GroupVerdict) => void): void {
    const ticket = this.#store.beginAtom()
    const hasRoom = this.#put(rows)
    this.#store.endAtom()
    ticket.addListener({
      onCommitFinished: () => done(hasRoom ? 'durable' : 'refused'),
    })
  }

  /** False when there is no room for all of them. */
  #put(rows: readonly GroupRow[]): boolean {
    try {
      for (const { key, value } of rows) {
        this.#store.putState(keyPrefix + key.toString('latin1'), value)
      }
      return true
    } catch (error) {
      if (error instanceof LogError && error.code === 'state_full') return false
      throw error
    }
  }
}

/** The rows among the log's keyed state. */
export function groupRowsOf(state: ReadonlyMap<string, Buffer>): GroupRow[] {
  return Array.from(state)
    .filter(([key]) => key.startsWith(keyPrefix))
    .map(([key, value]) => ({ key: Buffer.from(key.slice(keyPrefix.length), 'latin1'), value }))
}
