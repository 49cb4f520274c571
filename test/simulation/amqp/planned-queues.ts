// The queues and exchanges that a plan's clients share, by their names.
import type { QueueKind } from '../model/queue-life.ts'
import type { ExchangeType } from '../model/topology.ts'
import type { Plan } from '../plan.ts'

export interface PlannedQueue {
  readonly name: string
  readonly kind: QueueKind
  /** Of a stream. */
  readonly partitionCount?: number
}

export interface PlannedExchange {
  readonly name: string
  readonly type: ExchangeType
}

const exchangeTypes: readonly ExchangeType[] = ['fanout', 'topic', 'direct']

/** Keys that messages are published with, and patterns that queues are bound with. */
export const routingKeys: readonly string[] = ['a', 'a.b', 'b', 'b.a', 'c.a.b']
export const bindingKeys: readonly string[] = ['a', 'a.b', 'b', '#', 'a.#', '*.a', '*.a.#', 'c.a.b']

/** The last of several queues is a transient one. Streams have one partition, two, and so on. */
export function plannedQueues(plan: Plan): PlannedQueue[] {
  const streams = Array.from({ length: plan.streamCount }, (_, at) => ({
    name: `stream-${at}`,
    kind: { type: 'stream', isDurable: true, isExclusive: false, isAutoDelete: false } as const,
    partitionCount: at + 1,
  }))
  return [...workQueues(plan), ...streams]
}

/** Every other one has priorities. */
export function workQueues({ queueCount }: Plan): PlannedQueue[] {
  return Array.from({ length: queueCount }, (_, at) => {
    const isDurable = at === 0 || at < queueCount - 1
    return {
      name: `${isDurable ? 'queue' : 'transient'}-${at}`,
      kind: {
        type: 'queue',
        isDurable,
        isExclusive: false,
        isAutoDelete: false,
        ...(at % 2 === 1 && { highestPriority: 3 }),
      },
    }
  })
}

export function plannedExchanges({ exchangeCount }: Plan): PlannedExchange[] {
  return exchangeTypes.slice(0, exchangeCount).map((type) => ({ name: `the-${type}`, type }))
}
