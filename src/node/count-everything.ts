// The figures of the status: what there is now, and what happened since the start.
import type { BrokerStatus } from '../admin/broker-status.ts'
import type { Broker } from '../broker/broker.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'

export function countEverything(
  broker: Broker,
  clients: ClientRegistry,
): Pick<BrokerStatus, 'clients' | 'counts' | 'messages'> {
  const { exchanges, queues, consumers, messages, unacked } = broker.counts()
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
