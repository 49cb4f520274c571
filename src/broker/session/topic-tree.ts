// Values by topic, as a tree by level that topic filters search.

/** After so many levels a search lets others go on. */
const looksPerStep = 256

class TopicNode<T> {
  value: T | undefined = undefined
  /** Values here and below. */
  count = 0
  levels: Map<string, TopicNode<T>> | undefined = undefined
}

/** What is one level below a topic. */
export interface TopicBranch<T> {
  /** The level alone. */
  readonly name: string
  /** The whole topic. */
  readonly topic: string
  /** Of this very topic. */
  readonly value: T | undefined
  /** Values of this topic and of all below it. */
  readonly count: number
}

export class TopicTree<T> {
  readonly #root = new TopicNode<T>()

  get size(): number {
    return this.#root.count
  }

  get(topic: string): T | undefined {
    return this.#find(topic)?.value
  }

  /** What is one level below `parent`; undefined: the first level. */
  *branchesOf(parent: string | undefined): Generator<TopicBranch<T>> {
    const node = parent === undefined ? this.#root : this.#find(parent)
    for (const [name, { value, count }] of node?.levels ?? []) {
      const topic = parent === undefined ? name : `${parent}/${name}`
      yield { name, topic, value, count }
    }
  }

  /** Returns what was there. */
  set(topic: string, value: T): T | undefined {
    const levels = topic.split('/')
    let node = this.#root
    for (const level of levels) {
      node.levels ??= new Map()
      let next = node.levels.get(level)
      if (next === undefined) {
        next = new TopicNode()
        node.levels.set(level, next)
      }
      node = next
    }
    const before = node.value
    node.value = value
    if (before === undefined) this.#countOne(levels)
    return before
  }

  /** Returns what was there. */
  delete(topic: string): T | undefined {
    const levels = topic.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const next = path.at(-1)?.levels?.get(level)
      if (next === undefined) return undefined
      path.push(next)
    }
    const last = path.at(-1) as TopicNode<T>
    const before = last.value
    if (before === undefined) return undefined
    last.value = undefined
    for (const each of path) each.count--
    for (let depth = path.length - 1; depth > 0 && isEmpty(path[depth]!); depth--) {
      const parent = path[depth - 1]!
      parent.levels?.delete(levels[depth - 1]!)
      if (parent.levels?.size === 0) parent.levels = undefined
    }
    return before
  }

  /** There is one more value at the end of these levels. */
  #countOne(levels: readonly string[]): void {
    let node = this.#root
    node.count++
    for (const level of levels) {
      node = node.levels?.get(level) as TopicNode<T>
      node.count++
    }
  }

  #find(topic: string): TopicNode<T> | undefined {
    let node: TopicNode<T> | undefined = this.#root
    for (const level of topic.split('/')) {
      node = node.levels?.get(level)
      if (node === undefined) return undefined
    }
    return node
  }

  /** Those that a filter has, one after the other; what comes or goes meanwhile may be among them. */
  *match(filter: string): Generator<Found<T>> {
    for (const found of this.search(filter)) if (found !== undefined) yield found
  }

  /** The same, and undefined now and then where many levels have nothing that the filter has. */
  *search(filter: string): Generator<Found<T> | undefined> {
    const asked = { levels: filter.split('/'), looked: 0 }
    yield* walk(this.#root, asked, { depth: 0, path: '' })
  }
}

type Found<T> = readonly [topic: string, value: T]

interface Asked {
  readonly levels: readonly string[]
  /** Levels of topics since somebody was told. */
  looked: number
}

interface Place {
  readonly depth: number
  /** Of the topic so far. */
  readonly path: string
}

function* walk<T>(
  node: TopicNode<T>,
  asked: Asked,
  { depth, path }: Place,
): Generator<Found<T> | undefined> {
  const level = asked.levels[depth]
  if (level === undefined || level === '#') {
    if (node.value !== undefined) yield [path, node.value]
    if (level === undefined) return
  } else if (level !== '+') {
    const next = node.levels?.get(level)
    if (next !== undefined)
      yield* walk(next, asked, { depth: depth + 1, path: join(path, level, depth) })
    return
  }
  for (const [name, next] of node.levels ?? []) {
    if (++asked.looked % looksPerStep === 0) yield undefined
    // [MQTT-4.7.2-1]
    if (depth === 0 && name.startsWith('$')) continue
    const below = join(path, name, depth)
    if (level === '#') yield* walkAll(next, below)
    else yield* walk(next, asked, { depth: depth + 1, path: below })
  }
}

function* walkAll<T>(node: TopicNode<T>, path: string): Generator<Found<T>> {
  if (node.value !== undefined) yield [path, node.value]
  for (const [name, next] of node.levels ?? []) yield* walkAll(next, `${path}/${name}`)
}

function join(path: string, level: string, depth: number): string {
  return depth === 0 ? level : `${path}/${level}`
}

function isEmpty<T>({ value, levels }: TopicNode<T>): boolean {
  return value === undefined && levels === undefined
}
