// The directory, made of what each heartbeat shows.
import type { Clock } from '../lib/clock.ts'
import type { CellRow, Incarnation, NodeRow } from '../log/cluster/ownership/observation.ts'
import type { Seen } from './cluster-member.ts'
import type { Directory, KnownCell, KnownNode, NodeAddresses } from './directory.ts'
import { readNodeInfo } from './node-info.ts'

export interface ClusterDirectoryParts {
  readonly clusterId: string
  readonly self: Incarnation
  readonly name: string
  readonly clock: Clock
  /** Of Pabal. */
  readonly version: string
  readonly vhosts: () => ReadonlyMap<string, number>
  readonly refresh: () => Promise<void>
}

export class ClusterDirectory implements Directory {
  readonly clusterId: string
  readonly #parts: ClusterDirectoryParts
  readonly #listeners = new Set<() => void>()
  #self: KnownNode
  #nodes: readonly KnownNode[]
  #cells: readonly KnownCell[] = []
  #shown = ''
  #isTelling = false

  constructor(parts: ClusterDirectoryParts) {
    const { self, name, version } = parts
    this.#parts = parts
    this.clusterId = parts.clusterId
    const state = { isSelf: true, isAlive: true, isStopped: false, isDraining: false }
    this.#self = { ...self, name, ...state, version, addresses: {} }
    this.#nodes = [this.#self]
  }

  get self(): KnownNode {
    return this.#self
  }

  get nodes(): readonly KnownNode[] {
    return this.#nodes
  }

  get cells(): readonly KnownCell[] {
    return this.#cells
  }

  get vhosts(): ReadonlyMap<string, number> {
    return this.#parts.vhosts()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  refresh(): Promise<void> {
    return this.#parts.refresh()
  }

  /** This node listens there, which its row says a moment later. */
  onAddresses(addresses: NodeAddresses): void {
    this.#self = { ...this.#self, addresses }
  }

  /** A heartbeat's look. */
  onSeen({ look, living }: Seen): void {
    const { nodes, cells } = look.observation
    const alive = new Set(living.map(({ node }) => node))
    const before = new Map(this.#nodes.map((node) => [node.node, node]))
    const known = new Map(
      nodes.map((row) => {
        const node = this.#nodeOf(row, alive.has(row.node))
        return [row.node, { ...node, ...this.#goneOf(node, before.get(row.node)) }]
      }),
    )
    this.#self = known.get(this.#self.node) ?? this.#self
    this.#nodes = [...known.values()]
    this.#cells = cells.map((row) => cellOf(row, known))
    const shown = JSON.stringify([this.#nodes, this.#cells])
    if (shown === this.#shown) return
    this.#shown = shown
    this.tell()
  }

  /** Something has changed. */
  tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    this.#parts.clock.atEndOfTurn(() => {
      this.#isTelling = false
      for (const listener of this.#listeners) listener()
    })
  }

  #goneOf({ isAlive }: KnownNode, before: KnownNode | undefined): Pick<KnownNode, 'goneAt'> {
    if (isAlive || before === undefined) return {}
    const goneAt = before.isAlive ? this.#parts.clock.monotonic() : before.goneAt
    return goneAt === undefined ? {} : { goneAt }
  }

  #nodeOf({ node, name, incarnation, isDraining, info }: NodeRow, hasBeaten: boolean): KnownNode {
    const isSelf = node === this.#parts.self.node
    const { version, addresses, isStopped } = isSelf ? this.#self : readNodeInfo(info)
    const isAlive = hasBeaten && !isStopped
    const state = { isSelf, isAlive, isStopped, isDraining }
    return { node, name, incarnation, ...state, version, addresses }
  }
}

/** A dead owner's cell has none; one that comes back has its own cells again only when it claims them. */
function cellOf(row: CellRow, nodes: ReadonlyMap<number, KnownNode>): KnownCell {
  const { cell, epoch, isDown, owner } = row
  const node = owner && nodes.get(owner.node)
  const isServed = node?.isAlive === true && node.incarnation === owner?.incarnation
  return { cell, epoch, isDown, owner: isServed ? node : undefined }
}
