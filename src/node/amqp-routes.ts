// Finds who serves a virtual host for AMQP.
import type { Directory } from '../cluster/directory.ts'
import type { Route, RouteElsewhere, Routes } from '../server/amqp/edge/edge-context.ts'
import { factsOf, type Handover } from '../server/amqp/handover.ts'
import type { OwnerRoutes } from './owner-routes.ts'

export interface AmqpRoutesParts {
  readonly directory: Pick<Directory, 'vhosts'>
  readonly owners: OwnerRoutes
}

export class AmqpRoutes implements Routes {
  readonly #parts: AmqpRoutesParts

  constructor(parts: AmqpRoutesParts) {
    this.#parts = parts
  }

  async find(vhost: string, handover: Handover): Promise<Route> {
    const { directory, owners } = this.#parts
    const said = { protocol: 'amqp', facts: factsOf(handover) } as const
    const route = await owners.find(() => directory.vhosts.get(vhost), said)
    if (route.kind === 'here') return { kind: 'here', server: route.served.amqp }
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
