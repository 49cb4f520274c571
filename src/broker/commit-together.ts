// Publishes and settlements that are done together or not at all: a transaction of AMQP, a redrive.
import type { LogStore } from '../log/log-store.ts'
import type { Committed } from './publish/intake.ts'
import type { Publish, Publisher } from './publish/publisher.ts'
import { QueueRoom } from './publish/queue-room.ts'
import type { Settlement } from './publish/settlement.ts'
import type { ClientCause } from './trace/message-watch.ts'

export interface CommitParts {
  readonly store: LogStore
  readonly publisher: Publisher
}

/** What is to be done together. */
export interface Work {
  readonly publishes: readonly Publish[]
  readonly settlements: readonly Settlement[]
  readonly cause: ClientCause
}

/** See `Broker.commit`. */
export function commitTogether(
  { store, publisher }: CommitParts,
  { publishes, settlements, cause }: Work,
): Committed {
  const room = new QueueRoom()
  const admitted = publishes.map(({ route, source }) => {
    return { route, source, full: room.admit(route, source) }
  })
  store.beginAtom()
  const trails = admitted.map((each) => publisher.publishAdmitted(each, cause))
  for (const { holder, offset, reason } of settlements) holder.settle(offset, reason)
  const ticket = store.endAtom()
  for (const trail of trails) trail?.onTicket(ticket)
  return { ticket, isRefused: admitted.some(({ full }) => full.length > 0) }
}
