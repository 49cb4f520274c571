// Who has subscribed to what: topic filters as a tree by level, walked with the levels of a topic. The work depends on
// the levels of the topic and on how many of its branches have wildcards, not on how many filters there are.

/** Children are made only where they are needed: there may be a node for each level of each filter. */
class FilterNode<T> {
  entries: T | Set<T> | undefined = undefined
  plus: FilterNode<T> | undefined = undefined
  /** Who has `…/#` here: it has no children. */
  hash: FilterNode<T> | undefined = undefined
  levels: Map<string, FilterNode<T>> | undefined = undefined

  get isEmpty(): boolean {
    return (
      this.entries === undefined &&
      this.plus === undefined &&
      this.hash === undefined &&
      this.levels === undefined
    )
  }

  child(level: string): FilterNode<T> | undefined {
    if (level === '+') return this.plus
    if (level === '#') return this.hash
    return this.levels?.get(level)
  }

  addChild(level: string): FilterNode<T> {
    const node = new FilterNode<T>()
    if (level === '+') this.plus = node
    else if (level === '#') this.hash = node
    else {
      this.levels ??= new Map()
      this.levels.set(level, node)
    }
    return node
  }

  removeChild(level: string): void {
    if (level === '+') this.plus = undefined
    else if (level === '#') this.hash = undefined
    else {
      this.levels?.delete(level)
      if (this.levels?.size === 0) this.levels = undefined
    }
  }
}

export class FilterTree<T extends object> {
  readonly #root = new FilterNode<T>()
  #size = 0

  /** Entries. */
  get size(): number {
    return this.#size
  }

  /** The same entry of the same filter is there once. */
  add(filter: string, entry: T): void {
    let node = this.#root
    for (const level of filter.split('/')) node = node.child(level) ?? node.addChild(level)
    const { entries } = node
    if (entries === entry || (entries instanceof Set && entries.has(entry))) return
    if (entries === undefined) node.entries = entry
    else if (entries instanceof Set) entries.add(entry)
    else node.entries = new Set([entries, entry])
    this.#size++
  }

  remove(filter: string, entry: T): void {
    const levels = filter.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const next = path.at(-1)?.child(level)
      if (next === undefined) return
      path.push(next)
    }
    if (!withoutEntry(path.at(-1) as FilterNode<T>, entry)) return
    this.#size--
    for (let depth = path.length - 1; depth > 0 && path[depth]!.isEmpty; depth--) {
      path[depth - 1]!.removeChild(levels[depth - 1]!)
    }
  }

  /** Tells of each entry whose filter has the topic, as often as it has such filters [MQTT-4.7.2-1]. */
  match(topic: string, found: (entry: T) => void): void {
    const levels = topic.split('/')
    this.#walk(this.#root, { levels, found, hidesFirst: topic.startsWith('$') }, 0)
  }

  #walk(node: FilterNode<T>, search: Search<T>, depth: number): void {
    const { levels, found } = search
    const seesWildcards = depth > 0 || !search.hidesFirst
    // `a/#` has `a`, too.
    if (node.hash !== undefined && seesWildcards) tell(node.hash, found)
    if (depth === levels.length) {
      tell(node, found)
      return
    }
    const next = node.levels?.get(levels[depth]!)
    if (next !== undefined) this.#walk(next, search, depth + 1)
    if (node.plus !== undefined && seesWildcards) this.#walk(node.plus, search, depth + 1)
  }
}

interface Search<T> {
  readonly levels: readonly string[]
  readonly found: (entry: T) => void
  /** Topics that begin with `$` are not for filters that begin with a wildcard. */
  readonly hidesFirst: boolean
}

function tell<T>({ entries }: FilterNode<T>, found: (entry: T) => void): void {
  if (entries === undefined) return
  if (entries instanceof Set) for (const entry of entries) found(entry)
  else found(entries)
}

function withoutEntry<T>(node: FilterNode<T>, entry: T): boolean {
  const { entries } = node
  if (entries === entry) {
    node.entries = undefined
    return true
  }
  if (!(entries instanceof Set) || !entries.delete(entry)) return false
  if (entries.size === 1) [node.entries] = entries
  return true
}
