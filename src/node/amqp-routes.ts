// Finds who serves a virtual host for AMQP.
import type { Directory } from '../cluster/directory.ts'
import type { Route, RouteElsewhere, Routes } from '../server/amqp/edge/edge-context.ts'
import { factsOf, type Handover } from '../server/amqp/handover.ts'
import type { ClientsAtNodes } from './clients-at-nodes.ts'
import type { OwnerRoutes } from './owner-routes.ts'
import type { ServedCells } from './served-cells.ts'

export interface AmqpRoutesParts {
  readonly directory: Pick<Directory, 'vhosts'>
  readonly cells: Pick<ServedCells, 'find'>
  readonly atNodes: Pick<ClientsAtNodes, 'enter'>
  readonly owners: OwnerRoutes
}

export class AmqpRoutes implements Routes {
  readonly #parts: AmqpRoutesParts

  constructor(parts: AmqpRoutesParts) {
    this.#parts = parts
  }

  async find(vhost: string, handover: Handover): Promise<Route> {
    const { directory, owners, cells, atNodes } = this.#parts
    const said = { protocol: 'amqp', facts: factsOf(handover) } as const
    const route = await owners.find(() => directory.vhosts.get(vhost), said)
    if (route.kind === 'here') {
      const { served } = route
      const entering = atNodes.enter(handover.principal.user)
      if (entering !== undefined) await entering
      // It may have moved meanwhile.
      if (cells.find(served.cell) !== served) return this.find(vhost, handover)
      return { kind: 'here', server: served.amqp }
    }
    if (route.kind === 'elsewhere') return route
    return { kind: route.kind === 'no-cell' ? 'no-vhost' : route.kind }
  }

  isCurrent(route: Pick<RouteElsewhere, 'cell' | 'epoch'>): boolean {
    return this.#parts.owners.isCurrent(route)
  }

  onChange(listener: () => void): () => void {
    return this.#parts.owners.onChange(listener)
  }
}
