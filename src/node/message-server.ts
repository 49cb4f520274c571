// What the servers of AMQP, MQTT and STOMP have in common: what the node lends them, and how it uses them.
import type { Socket } from 'node:net'
import { type ByteSource, takingOver } from '../server/byte-source.ts'
import type { MessageServerParts } from '../server/message-server-parts.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** A server of a protocol whose clients publish and consume. */
export interface MessageServer {
  readonly accept: (socket: Socket, source: ByteSource) => void
  endClients(reason: string): Promise<void>
  close(): Promise<void>
}

/** `area` names the protocol in the log. */
export function messageServerParts(parts: ProtocolParts, area: string): MessageServerParts {
  const { cell, users, clients, turn, gate, clock, random, memory, inputBudget, logger } = parts
  const lent = { users, clients, turn, gate, clock, random, memory, inputBudget }
  return { broker: cell.broker, ...lent, logger: logger.child({ area }) }
}

/** As the node uses it. */
export function servedBy<Server extends MessageServer>(
  server: Server,
): ProtocolServer & { readonly server: Server; endClients(reason: string): Promise<void> } {
  return {
    server,
    acceptorOf: () => takingOver(server.accept),
    endClients: (reason) => server.endClients(reason),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
