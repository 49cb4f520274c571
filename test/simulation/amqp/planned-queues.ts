// The queues and exchanges that a plan's clients share, by their names.
import type { QueueKind } from '../model/queue-life.ts'
import type { ExchangeType } from '../model/topology.ts'
import type { Plan } from '../plan.ts'

export interface PlannedQueue {
  readonly name: string
  readonly kind: QueueKind
}

export interface PlannedExchange {
  readonly name: string
  readonly type: ExchangeType
}

const exchangeTypes: readonly ExchangeType[] = ['fanout', 'topic', 'direct']

/** Keys that messages are published with, and patterns that queues are bound with. */
export const routingKeys: readonly string[] = ['a', 'a.b', 'b', 'b.a', 'c.a.b']
export const bindingKeys: readonly string[] = ['a', 'a.b', 'b', '#', 'a.#', '*.a', '*.a.#', 'c.a.b']

/** The last of several queues is a transient one. */
export function plannedQueues({ queueCount }: Plan): PlannedQueue[] {
  return Array.from({ length: queueCount }, (_, at) => {
    const isDurable = at === 0 || at < queueCount - 1
    return {
      name: `${isDurable ? 'queue' : 'transient'}-${at}`,
      kind: { isDurable, isExclusive: false, isAutoDelete: false },
    }
  })
}

export function plannedExchanges({ exchangeCount }: Plan): PlannedExchange[] {
  return exchangeTypes.slice(0, exchangeCount).map((type) => ({ name: `the-${type}`, type }))
}
