// Rows of many users: those of one are found, and forgotten, without a look at the others.

interface Row {
  readonly user: string
  readonly vhost: string
}

export class RowsByUser<T extends Row> implements Iterable<T> {
  readonly #keyOf: (row: T) => string
  readonly #byUser = new Map<string, Map<string, T>>()
  #size = 0

  /** `keyOf` tells the rows of a user apart. */
  constructor(keyOf: (row: T) => string) {
    this.#keyOf = keyOf
  }

  get size(): number {
    return this.#size
  }

  set(row: T): void {
    let rows = this.#byUser.get(row.user)
    if (rows === undefined) this.#byUser.set(row.user, (rows = new Map()))
    this.#size -= rows.size
    rows.set(this.#keyOf(row), row)
    this.#size += rows.size
  }

  find(user: string, key: string): T | undefined {
    return this.#byUser.get(user)?.get(key)
  }

  of(user: string): T[] {
    return [...(this.#byUser.get(user)?.values() ?? [])]
  }

  delete(user: string, key: string): void {
    const rows = this.#byUser.get(user)
    if (rows?.delete(key) !== true) return
    this.#size--
    if (rows.size === 0) this.#byUser.delete(user)
  }

  deleteUser(user: string): void {
    this.#size -= this.#byUser.get(user)?.size ?? 0
    this.#byUser.delete(user)
  }

  deleteVHost(vhost: string): void {
    for (const [user, rows] of this.#byUser) {
      for (const [key, row] of rows) if (row.vhost === vhost) this.delete(user, key)
    }
  }

  *[Symbol.iterator](): Generator<T> {
    for (const rows of this.#byUser.values()) yield* rows.values()
  }
}
