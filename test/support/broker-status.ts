// What a broker says of itself, with figures that are easy to find again.
import type { BrokerState, BrokerStatus } from '../../src/admin/broker-status.ts'

export function statusOf(state: BrokerState, blockedReason?: string): BrokerStatus {
  return {
    state,
    version: '1.2.3',
    uptimeMs: 61_000,
    addresses: { amqp: { host: '127.0.0.1', port: 5672 } },
    dataFolder: '/data/<script>',
    blockedReason,
    memory: {
      residentBytes: 100_000_000,
      inUseBytes: 90_000_000,
      watermarkBytes: 1e9,
      heldBytes: { input: 0 },
    },
    clients: { 'AMQP 0-9-1': 1, Kafka: 0, MQTT: 0, STOMP: 0, HTTP: 0 },
    counts: {
      connections: 1,
      channels: 2,
      exchanges: 3,
      queues: 4,
      consumers: 5,
      messagesReady: 1_234_567,
      messagesUnacked: 7,
    },
    messages: {
      published: 2_345_678,
      confirmed: 8,
      returned: 9,
      dropped: 10,
      delivered: 11,
      redelivered: 12,
      acked: 13,
      fetched: 14,
    },
  }
}
