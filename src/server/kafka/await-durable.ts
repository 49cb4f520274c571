import type { TopologyLog } from '../../broker/topology-log.ts'
import type { Ticket } from '../../log/ticket.ts'

/** Resolves when what the ticket is for is durable; without one it is. */
export function whenDurable(ticket: Ticket | undefined): Promise<void> {
  if (ticket === undefined || ticket.isDurable) return Promise.resolve()
  return new Promise((resolve) => {
    ticket.whenDurable(resolve)
  })
}

/** Resolves when something may be declared: nobody may be faster than that can be kept. */
export function whenCaughtUp(topology: TopologyLog): Promise<void> {
  return new Promise((resolve) => {
    topology.whenCaughtUp(resolve)
  })
}
