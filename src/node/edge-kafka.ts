// Kafka's protocol on a node of a cluster.
import type { EdgeParts } from './edge-parts.ts'
import type { ProtocolServer } from './protocol-server.ts'

export function openKafkaEdge({ cells }: EdgeParts): ProtocolServer {
  return {
    acceptorOf: (service) => (socket) => {
      const served = cells.find(0)
      if (served === undefined) socket.destroy()
      else served.kafka.acceptorOf(service)(socket)
    },
    endClients: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
