// The figures of the status: what there is now, and what happened since the start.
import type { BrokerStatus } from '../admin/broker-status.ts'
import type { Broker } from '../broker/broker.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { BrokerCounts } from '../broker/count-all.ts'

type Counted = Pick<BrokerStatus, 'clients' | 'counts' | 'messages'>

export function countEverything(broker: Broker, clients: ClientRegistry): Counted {
  return count(broker.counts(), clients)
}

/** Of the cells of a node, of which there may be none. */
export function countCells(brokers: readonly Broker[], clients: ClientRegistry): Counted {
  const sum = { exchanges: 0, queues: 0, consumers: 0, messages: 0, unacked: 0 }
  for (const broker of brokers) {
    const counts = broker.counts()
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counts[key]
  }
  return count(sum, clients)
}

function count(
  {
    exchanges,
    queues,
    consumers,
    messages,
    unacked,
  }: Pick<BrokerCounts, 'exchanges' | 'queues' | 'consumers' | 'messages' | 'unacked'>,
  clients: ClientRegistry,
): Counted {
  const totals = clients.totals()
  const { published, confirmed, returned, dropped, redelivered, acked, fetched } = totals
  const { delivered, deliveredNoAck, got, gotNoAck } = totals
  return {
    clients: clients.counts(),
    counts: {
      connections: clients.size,
      channels: clients.channelCount,
      exchanges,
      queues,
      consumers,
      messagesReady: messages - unacked,
      messagesUnacked: unacked,
    },
    messages: {
      published,
      confirmed,
      returned,
      dropped,
      delivered: delivered + deliveredNoAck + got + gotNoAck,
      redelivered,
      acked,
      fetched,
    },
  }
}
