// A look at a broker, and what two of them say about the time between.
import type { Clock } from '../../lib/clock.ts'
import { topLimits } from '../../limits/top.ts'
import type { BrokerClient } from '../broker-client.ts'
import { refusal } from '../refusal.ts'

/** What queues can be sorted by, in the order of the columns. */
export const sortColumns = [
  'name',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
] as const
export type SortColumn = (typeof sortColumns)[number]

export interface SortOrder {
  readonly column: SortColumn
  /** From the greatest to the least. */
  readonly isReverse: boolean
}

interface Status {
  readonly state: string
  readonly version: string
  readonly uptimeMs: number
  readonly blockedReason?: string
  readonly memory: { readonly inUseBytes: number; readonly watermarkBytes: number }
  readonly clients: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
  /** Totals since the start. */
  readonly messages: Readonly<Record<string, number>>
}

interface Queue {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly messages_ready: number
  readonly messages_unacknowledged: number
  readonly consumers: number
}

export interface Look {
  /** On the monotonic clock. */
  readonly at: number
  readonly status: Status
  /** The first ones in the order that was asked for. */
  readonly queues: readonly Queue[]
}

/** Of the time between two looks. */
export interface View {
  readonly status: Status
  /** Messages per second: published, delivered, acked … */
  readonly rates: Readonly<Record<string, number>>
  /** `growth` is of its ready messages per second; null for one that was not seen before. */
  readonly queues: readonly (Queue & { readonly growth: number | null })[]
}

/** Rejects with an `ExitError`. */
export async function takeLook(
  broker: BrokerClient,
  clock: Clock,
  { column, isReverse }: SortOrder,
): Promise<Look> {
  const status = await broker.ask('GET', ['status'])
  if (status.status >= 400) throw refusal(status, 'the status cannot be seen')
  const at = clock.monotonic()
  const queues = await broker.get(['queues'], {
    page: '1',
    page_size: `${topLimits.queuesMax}`,
    sort: column,
    sort_reverse: `${isReverse}`,
  })
  if (queues.status >= 400) throw refusal(queues, 'queues cannot be seen')
  const { items } = queues.body as { readonly items: readonly Queue[] }
  return { at, status: status.body as Status, queues: items }
}

export function compareLooks(before: Look, now: Look): View {
  const seconds = Math.max((now.at - before.at) / 1000, Number.EPSILON)
  const perSecond = (count: number): number => Math.round(count / seconds)
  const rates = Object.entries(now.status.messages).map(([name, total]) => {
    // A broker that was started again counts from 0.
    const grown = Math.max(0, total - (before.status.messages[name] ?? 0))
    return [name, perSecond(grown)] as const
  })
  const earlier = new Map(before.queues.map((queue) => [keyOf(queue), queue]))
  const queues = now.queues.map((queue) => {
    const old = earlier.get(keyOf(queue))
    const growth = old === undefined ? null : perSecond(queue.messages_ready - old.messages_ready)
    return { ...queue, growth }
  })
  return { status: now.status, rates: Object.fromEntries(rates), queues }
}

function keyOf({ vhost, name }: Queue): string {
  return JSON.stringify([vhost, name])
}
