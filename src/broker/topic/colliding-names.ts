// Names of topics by how Kafka's metrics write them, where '.' and '_' are the same: Kafka has no two
// topics whose names differ in nothing else (Topic.hasCollision).

const collidingCharacters = /[._]/

export class CollidingNames {
  /** Names with one of these characters, by the name with '_' for each of them. */
  readonly #names = new Map<string, Set<string>>()

  add(name: string): void {
    if (!collidingCharacters.test(name)) return
    const unified = unify(name)
    const names = this.#names.get(unified)
    if (names === undefined) this.#names.set(unified, new Set([name]))
    else names.add(name)
  }

  remove(name: string): void {
    const unified = unify(name)
    const names = this.#names.get(unified)
    names?.delete(name)
    if (names?.size === 0) this.#names.delete(unified)
  }

  /** Another name that collides with this one. */
  find(name: string): string | undefined {
    const names = this.#names.get(unify(name)) ?? []
    for (const other of names) if (other !== name) return other
    return undefined
  }
}

function unify(name: string): string {
  return name.replaceAll('.', '_')
}
