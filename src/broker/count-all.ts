// How much a broker has, for its status.
import type { VHosts } from './vhosts.ts'

export interface BrokerCounts {
  readonly exchanges: number
  readonly queues: number
  readonly consumers: number
  readonly messages: number
  readonly unacked: number
}

/** Of all virtual hosts together. */
export function countAll(vhosts: VHosts): BrokerCounts {
  const counts = { exchanges: 0, queues: 0, consumers: 0, messages: 0, unacked: 0 }
  for (const vhost of vhosts) {
    counts.exchanges += vhost.exchangeCount
    counts.queues += vhost.queueCount
    for (const queue of vhost.queues()) {
      counts.consumers += queue.consumerCount
      counts.messages += queue.messageCount
      counts.unacked += queue.unackedCount
    }
  }
  return counts
}
