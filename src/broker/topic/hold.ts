// What queues of other cells still need of a partition: a cursor that retention does not pass. Its id is in the keyed
// state.
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { findCursor, type LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'

/** Not `held/`: that is work that was handed over to transactions. */
const keyPrefix = 'needed-elsewhere/'

/** Whose key of the keyed state it is; undefined for other keys. */
export function parseNeededKey(key: string): number | undefined {
  return key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : undefined
}

/** Ids of the cursors by which something is held, from the keyed state: no row names them. */
export function heldCursorIds(state: ReadonlyMap<string, Buffer>): Set<number> {
  const ids = new Set<number>()
  for (const [key, value] of state) {
    if (parseNeededKey(key) !== undefined) ids.add(readInt64(value, 0))
  }
  return ids
}

export class Hold {
  readonly #log: Log
  readonly #store: LogStore
  #cursor: LogCursor | undefined

  constructor(log: Log, store: LogStore) {
    this.#log = log
    this.#store = store
  }

  /** Records from here on stay; undefined when nothing is held. */
  get floor(): number | undefined {
    return this.#cursor?.floor
  }

  /** Holds what there is from `floor` on, and nothing else. Within an atom. */
  moveTo(floor: number | undefined): void {
    if (floor === undefined) return this.release()
    const from = Math.min(Math.max(floor, this.#log.floor), this.#log.endOffset)
    const cursor = this.#cursor
    if (cursor !== undefined && cursor.floor <= from) {
      cursor.ackRange(cursor.floor, from - 1)
      return
    }
    this.#take(this.#store.createCursor(this.#log, from))
    this.#store.putState(this.#key, encodeId(this.#cursor!.id))
    if (cursor !== undefined) this.#store.deleteCursor(cursor)
  }

  /** Within an atom. */
  release(): void {
    const cursor = this.#cursor
    if (cursor === undefined) return
    this.#cursor = undefined
    this.#store.putState(this.#key, undefined)
    if (!this.#log.isDeleted) this.#store.deleteCursor(cursor)
  }

  /** Puts back what an earlier process held. */
  restore(value: Buffer): void {
    const cursor = findCursor(this.#log, readInt64(value, 0))
    if (cursor !== undefined) this.#take(cursor)
  }

  #take(cursor: LogCursor): void {
    // Nobody counts what it has not acked.
    cursor.isSelective = true
    this.#cursor = cursor
  }

  get #key(): string {
    return `${keyPrefix}${this.#log.id}`
  }
}

function encodeId(id: number): Buffer {
  const bytes = Buffer.alloc(8)
  writeInt64(bytes, 0, id)
  return bytes
}
