import type { TopologyLog } from '../../broker/topology-log.ts'
import type { Commit } from '../../log/commit.ts'

/** Resolves when the ticket is durable. */
export function whenDurable(ticket: Commit | undefined): Promise<void> {
  if (ticket === undefined || ticket.state === 'finished') return Promise.resolve()
  return new Promise((resolve) => {
    ticket.addListener({ onCommitFinished: () => resolve() })
  })
}

/** Resolves when something may be declared: nobody may be faster than that can be kept. */
export function whenCaughtUp(topology: TopologyLog): Promise<void> {
  return new Promise((resolve) => {
    topology.whenCaughtUp(resolve)
  })
}
