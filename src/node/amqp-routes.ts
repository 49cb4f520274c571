// Finds who serves a virtual host. What this node knows of the cluster is some seconds old, so it asks: whoever does
// not serve the cell says so, and then this node looks again, for as long as clients wait.
import type { Directory, KnownCell } from '../cluster/directory.ts'
import type { Clock } from '../lib/clock.ts'
import { edgeLimits } from '../limits/link.ts'
import type { Route, RouteElsewhere, Routes } from '../server/amqp/edge/edge-context.ts'
import { factsOf, type Handover } from '../server/amqp/handover.ts'
import type { NodeLinks } from '../server/node-link/node-links.ts'
import type { ServedCells } from './served-cells.ts'

export interface AmqpRoutesParts {
  readonly directory: Directory
  /** Those of this node. */
  readonly cells: ServedCells
  readonly links: NodeLinks
  readonly clock: Clock
}

/** What an attempt came to: nobody there yet, or a way. */
type Attempt = Route | undefined

export class AmqpRoutes implements Routes {
  readonly #parts: AmqpRoutesParts

  constructor(parts: AmqpRoutesParts) {
    this.#parts = parts
  }

  async find(vhost: string, handover: Handover): Promise<Route> {
    const { clock, directory } = this.#parts
    const begun = clock.monotonic()
    for (;;) {
      const cell = this.#cellOf(vhost)
      const route = cell && (await this.#tryCell(cell, handover))
      if (route !== undefined) return route
      const waitedMs = clock.monotonic() - begun
      if (cell === undefined && waitedMs >= edgeLimits.unknownMsMax) return { kind: 'no-vhost' }
      if (waitedMs >= edgeLimits.ownerMsMax) return { kind: 'down' }
      directory.refresh()
      await this.#pause()
    }
  }

  isCurrent({ cell, epoch }: Pick<RouteElsewhere, 'cell' | 'epoch'>): boolean {
    const known = this.#parts.directory.cells.find((each) => each.cell === cell)
    // Who has just taken a cell may be known to its clients before it is known here.
    return known === undefined || known.epoch <= epoch
  }

  onChange(listener: () => void): () => void {
    return this.#parts.directory.onChange(listener)
  }

  #cellOf(vhost: string): KnownCell | undefined {
    const { directory } = this.#parts
    const number = directory.vhosts.get(vhost)
    return number === undefined ? undefined : directory.cells.find(({ cell }) => cell === number)
  }

  async #tryCell({ cell, owner, isDown }: KnownCell, handover: Handover): Promise<Attempt> {
    const { cells, links, directory } = this.#parts
    const here = cells.find(cell)
    if (here !== undefined) return { kind: 'here', server: here.amqp }
    if (isDown) return { kind: 'down' }
    if (owner === undefined || owner.isSelf || !owner.isAlive) return undefined
    const { name: from } = directory.self
    const facts = factsOf(handover)
    const result = await links.connectTo(owner, { protocol: 'amqp', cell, from, facts })
    if (result.socket !== undefined) {
      const { socket, epoch } = result
      return { kind: 'elsewhere', socket, cell, epoch, nodeName: owner.name }
    }
    return result.refusal === 'no-memory' ? { kind: 'no-memory' } : undefined
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
