import type { Ticket } from '../log/ticket.ts'

/** Resolves when what the ticket is for is durable; without one it is. */
export function whenDurable(ticket: Ticket | undefined): Promise<void> {
  if (ticket === undefined || ticket.isDurable) return Promise.resolve()
  return new Promise((resolve) => {
    ticket.whenDurable(resolve)
  })
}
