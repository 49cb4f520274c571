// Who serves which cell, as the nodes' own logs say it. A higher epoch is the later owner, whichever log was read first.

/** Cells whose node has ended, until others have them. */
export interface Loss {
  readonly node: string
  /** Monotonic milliseconds. */
  readonly lostAt: number
  readonly count: number
  /** Node → how many of them it serves now. */
  readonly takers: ReadonlyMap<string, number>
}

export interface CellWatchEvents {
  /** All cells of a node that has ended are served again. */
  readonly onServedAgain: (loss: Loss) => void
  /** A node that is there has no cell any more; it had `count`. */
  readonly onEmptied: (node: string, count: number) => void
}

interface OpenLoss extends Loss {
  readonly left: Set<number>
  readonly takers: Map<string, number>
}

interface Owner {
  readonly epoch: number
  /** Undefined: it has ended. */
  readonly node: string | undefined
}

export class CellWatch {
  readonly #events: CellWatchEvents
  readonly #owners = new Map<number, Owner>()
  /** Node → its cells when it last got one, or when all were where they belong. */
  readonly #most = new Map<string, number>()
  #losses: OpenLoss[] = []

  constructor(events: CellWatchEvents) {
    this.#events = events
  }

  /** How many cells a node serves. */
  countOf(node: string): number {
    let count = 0
    for (const owner of this.#owners.values()) if (owner.node === node) count++
    return count
  }

  ownerOf(cell: number): string | undefined {
    return this.#owners.get(cell)?.node
  }

  /** Cells that somebody serves. */
  get servedCount(): number {
    return [...this.#owners.values()].filter(({ node }) => node !== undefined).length
  }

  /** Since when cells of a node that has ended are not served; undefined when there are none. */
  get lostSince(): number | undefined {
    return this.#losses[0]?.lostAt
  }

  /** Each has its share. */
  isEven(nodes: readonly string[]): boolean {
    const counts = nodes.map((node) => this.countOf(node))
    return Math.max(...counts) - Math.min(...counts) <= 1
  }

  /** What nodes have now is theirs: they were not on their way to others. */
  settle(): void {
    for (const node of this.#most.keys()) this.#most.set(node, this.countOf(node))
  }

  onServes(node: string, cell: number, epoch: number): void {
    const before = this.#owners.get(cell)
    if (before !== undefined && before.epoch >= epoch) return
    this.#owners.set(cell, { epoch, node })
    this.#most.set(node, this.countOf(node))
    for (const loss of this.#losses) {
      if (loss.left.delete(cell)) loss.takers.set(node, (loss.takers.get(node) ?? 0) + 1)
    }
    const over = this.#losses.filter(({ left }) => left.size === 0)
    this.#losses = this.#losses.filter(({ left }) => left.size > 0)
    for (const loss of over) this.#events.onServedAgain(loss)
    const previous = before?.node
    if (previous !== undefined && this.countOf(previous) === 0) {
      this.#events.onEmptied(previous, this.#most.get(previous) ?? 0)
    }
  }

  /** The node has ended: its cells are nobody's. */
  onEnd(node: string, now: number): void {
    const left = new Set<number>()
    for (const [cell, owner] of this.#owners) {
      if (owner.node !== node) continue
      left.add(cell)
      this.#owners.set(cell, { ...owner, node: undefined })
    }
    this.#most.delete(node)
    if (left.size === 0) return
    this.#losses.push({ node, lostAt: now, count: left.size, left, takers: new Map() })
  }
}
