// Waits of long work on topics, as steps of it.
import { whenDurable } from '../../broker/when-durable.ts'
import type { Steps } from '../../lib/slices.ts'
import type { Ticket } from '../../log/ticket.ts'
import { whenCaughtUp } from './await-durable.ts'
import type { RequestContext } from './request-context.ts'

/** Ends when something may be declared. */
export function* untilCaughtUp({ broker: { topology } }: RequestContext): Steps<void> {
  if (topology.isBehind) yield whenCaughtUp(topology)
}

/** Ends when all of them are durable. */
export function* untilDurable(tickets: Iterable<Ticket | undefined>): Steps<void> {
  for (const ticket of tickets) if (ticket?.isDurable === false) yield whenDurable(ticket)
}

/** Ends when those who lead partitions know of what was made, as far as they can be reached. */
export function* untilFollowed({ whenFollowed }: RequestContext): Steps<void> {
  const following = whenFollowed?.()
  if (following !== undefined) yield following
}
