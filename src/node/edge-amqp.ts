import { takingOver } from '../server/byte-source.ts'
// AMQP on a node of a cluster.
import type { EdgeParts } from './edge-parts.ts'
import type { ProtocolServer } from './protocol-server.ts'

export function openAmqpEdge({ cells }: EdgeParts): ProtocolServer {
  return {
    acceptorOf: () => (socket) => {
      const served = cells.find(0)
      if (served === undefined) socket.destroy()
      else takingOver(served.amqp.accept)(socket)
    },
    endClients: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
