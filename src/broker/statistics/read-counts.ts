// What is sampled of each kind of thing: its counters, and of queues also how many messages they hold.
import type { CountedConsumer } from '../client/channel-info.ts'
import type { Client } from '../client/client.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { Destination } from '../destination.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { type Counts, countsIn } from './sample.ts'

/** Undefined for a queue that nothing has happened to, and that is empty. */
export function countsOfQueue(queue: Destination): Counts | undefined {
  const { usedCounters, readyCount, unackedCount } = queue
  if (usedCounters === undefined && readyCount === 0) return undefined
  return { ...countsIn(usedCounters ?? {}), ready: readyCount, unacked: unackedCount }
}

/** Undefined for an exchange that nothing was published to. */
export function countsOfExchange({ counters }: Exchange<Destination>): Counts | undefined {
  return counters.publishedIn === 0 ? undefined : countsIn(counters)
}

export function countsOfChannel(counters: ClientCounters): Counts {
  return countsIn(counters)
}

export function countsOfConsumer({ deliveredCount, settledCount }: CountedConsumer): Counts {
  return { delivered: deliveredCount, settled: settledCount }
}

export function countsOfClient({ receivedSize, sentSize, counters }: Client): Counts {
  const { published, acked } = counters
  return { received: receivedSize, sent: sentSize, published, taken: takenOf(counters), acked }
}

type Taken = Pick<ClientCounters, 'delivered' | 'deliveredNoAck' | 'got' | 'gotNoAck' | 'fetched'>

/** Messages that a client has got, or that were taken from a queue, however they were asked for. */
export function takenOf(counters: Taken): number {
  const { delivered, deliveredNoAck, got, gotNoAck, fetched } = counters
  return delivered + deliveredNoAck + got + gotNoAck + fetched
}
