// Finds who serves a cell. What this node knows of the cluster is some seconds old, so it asks: whoever does not serve
// the cell says so, and then this node looks again, for as long as clients wait.
import type { Socket } from 'node:net'
import type { Directory, KnownCell, KnownNode } from '../cluster/directory.ts'
import type { Clock } from '../lib/clock.ts'
import { upTo } from '../lib/in-time.ts'
import { edgeLimits } from '../limits/link.ts'
import type { NodeLinks } from '../server/node-link/node-links.ts'
import type { LinkProtocol, Preface } from '../server/node-link/preface.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

export interface OwnerRoutesParts {
  readonly directory: Directory
  /** Those of this node. */
  readonly cells: ServedCells
  readonly links: Pick<NodeLinks, 'connectTo'>
  readonly clock: Clock
}

/** A link to the node that serves the cell. */
export interface LinkedRoute {
  readonly kind: 'elsewhere'
  readonly socket: Socket
  readonly cell: number
  readonly epoch: number
  readonly nodeName: string
}

/** `no-cell`: nobody knows of it; `down`: nobody serves it, after a while. */
export type OwnerRoute =
  | { readonly kind: 'here'; readonly served: ServedCell }
  | LinkedRoute
  | { readonly kind: 'no-cell' | 'down' | 'no-memory' }

export class OwnerRoutes {
  /** How many clients that have come in here other nodes serve, as the protocols say. */
  readonly passedOn: Map<Exclude<LinkProtocol, 'http'>, () => number> = new Map()
  readonly #parts: OwnerRoutesParts
  #refreshedAt = -Infinity

  constructor(parts: OwnerRoutesParts) {
    this.#parts = parts
  }

  /** `numberOf` says which cell, as far as that is known by now. Never rejects. */
  async find(
    numberOf: () => number | undefined,
    said: Pick<Preface, 'protocol' | 'facts'>,
  ): Promise<OwnerRoute> {
    const { clock, directory } = this.#parts
    const begun = clock.monotonic()
    // It may have been made a moment ago.
    if (numberOf() === undefined) await upTo(clock, edgeLimits.unknownMsMax, directory.refresh())
    for (;;) {
      const number = numberOf()
      if (number === undefined) return { kind: 'no-cell' }
      const cell = this.#cell(number)
      const route = cell && (await this.#tryCell(cell, said))
      if (route !== undefined) return route
      if (clock.monotonic() - begun >= edgeLimits.ownerMsMax) return { kind: 'down' }
      this.#refresh()
      await this.#pause()
    }
  }

  /** Whether nobody is known to have taken the cell since. */
  isCurrent({ cell, epoch }: Pick<LinkedRoute, 'cell' | 'epoch'>): boolean {
    const known = this.#cell(cell)
    // Who has just taken a cell may be known to its clients before it is known here.
    return known === undefined || known.epoch <= epoch
  }

  onChange(listener: () => void): () => void {
    return this.#parts.directory.onChange(listener)
  }

  #cell(number: number): KnownCell | undefined {
    return this.#parts.directory.cells.find(({ cell }) => cell === number)
  }

  /** Whether the node that is asked is still the one to ask: it may stand still. */
  #isOwner(number: number, { node, incarnation }: KnownNode): boolean {
    const owner = this.#cell(number)?.owner
    return owner?.node === node && owner.incarnation === incarnation && owner.isAlive
  }

  /** Undefined when nobody is there yet. */
  async #tryCell(
    { cell, owner, isDown }: KnownCell,
    said: Pick<Preface, 'protocol' | 'facts'>,
  ): Promise<OwnerRoute | undefined> {
    const { cells, links, directory } = this.#parts
    const served = cells.find(cell)
    if (served !== undefined) return { kind: 'here', served }
    if (isDown) return { kind: 'down' }
    if (owner === undefined || owner.isSelf || !owner.isAlive) return undefined
    const { name: from } = directory.self
    const moved = new AbortController()
    const stopListening = directory.onChange(() => {
      if (!this.#isOwner(cell, owner)) moved.abort()
    })
    const preface = { ...said, cell, from }
    const result = await links.connectTo(owner, preface, moved.signal).finally(stopListening)
    if (result.socket !== undefined) {
      const { socket, epoch } = result
      return { kind: 'elsewhere', socket, cell, epoch, nodeName: owner.name }
    }
    return result.refusal === 'no-memory' ? { kind: 'no-memory' } : undefined
  }

  /** Thousands of clients of a lost node look at the same time, and each look is a question to PostgreSQL. */
  #refresh(): void {
    const { clock, directory } = this.#parts
    const now = clock.monotonic()
    if (now - this.#refreshedAt < edgeLimits.refreshMs) return
    this.#refreshedAt = now
    void directory.refresh()
  }

  /** Until something has changed, but not for long: that a cell has opened here is told nobody. */
  #pause(): Promise<void> {
    const { clock, directory } = this.#parts
    return new Promise((resolve) => {
      const goOn = (): void => {
        timer.stop()
        stopListening()
        resolve()
      }
      const stopListening = directory.onChange(goOn)
      const timer = clock.after(edgeLimits.ownerLookMs, goOn)
    })
  }
}
