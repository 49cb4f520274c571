// What `LogStore.putState` keeps: a few small values that every checkpoint repeats, so that files
// can go. Values are held as latin1 strings: a buffer of some bytes would cost ten times as much,
// or keep a larger one alive.
import type { StateEntry } from '../commit.ts'

export interface KeyedStateLimits {
  readonly stateCountMax: number
  readonly stateSizeMax: number
}

/** Iterates as [key, value in latin1]. */
export class KeyedState implements Iterable<[string, string]> {
  readonly #limits: KeyedStateLimits
  readonly #values = new Map<string, string>()
  #size = 0

  constructor(limits: KeyedStateLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#values.size
  }

  /** Characters of all keys and bytes of all values. */
  get size(): number {
    return this.#size
  }

  /** The share of its limits that is in use. */
  get use(): number {
    const { stateCountMax, stateSizeMax } = this.#limits
    return Math.max(this.count / stateCountMax, this.#size / stateSizeMax)
  }

  /** Like `set`; false, having changed nothing, at a limit. */
  put(key: string, value: Buffer | undefined): boolean {
    if (value !== undefined && !this.#hasRoom(key, value)) return false
    this.set(key, value)
    return true
  }

  /** Whether all of `entries`, whose keys differ, can be set within the limits. */
  hasRoomFor(entries: readonly StateEntry[]): boolean {
    let { count, size } = this
    for (const { key, value } of entries) {
      const previous = this.#values.get(key)
      if (previous !== undefined) {
        count--
        size -= key.length + previous.length
      }
      if (value !== undefined) {
        count++
        size += key.length + value.length
      }
    }
    const { stateCountMax, stateSizeMax } = this.#limits
    return (
      count <= Math.max(this.count, stateCountMax) && size <= Math.max(this.#size, stateSizeMax)
    )
  }

  /** Keeps a copy of `value`; undefined forgets the key. */
  set(key: string, value: Buffer | undefined): void {
    const previous = this.#values.get(key)
    if (previous !== undefined) this.#size -= key.length + previous.length
    if (value === undefined) {
      this.#values.delete(key)
      return
    }
    this.#values.set(key, value.toString('latin1'))
    this.#size += key.length + value.length
  }

  /** A copy, for whoever opened the store. */
  toMap(): Map<string, Buffer> {
    const copy = new Map<string, Buffer>()
    for (const [key, value] of this.#values) copy.set(key, Buffer.from(value, 'latin1'))
    return copy
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values.entries()
  }

  #hasRoom(key: string, value: Buffer): boolean {
    const { stateCountMax, stateSizeMax } = this.#limits
    const previous = this.#values.get(key)
    const growth = value.length + (previous === undefined ? key.length : -previous.length)
    const isOneTooMany = previous === undefined && this.count >= stateCountMax
    return !isOneTooMany && (growth <= 0 || this.#size + growth <= stateSizeMax)
  }
}
