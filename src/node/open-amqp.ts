// AMQP 0-9-1 on a node.
import { AmqpServer } from '../server/amqp/amqp-server.ts'
import { takingOver } from '../server/byte-source.ts'
import { amqpSettingsOf } from './amqp-settings-of.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What takes over connections of AMQP, by itself or from those who have begun with them. */
export interface OpenedAmqp extends ProtocolServer {
  readonly server: AmqpServer
}

export function openAmqp(parts: ProtocolParts): OpenedAmqp {
  const { cell, options } = parts
  const server = new AmqpServer({
    broker: cell.broker,
    users: parts.users,
    clients: parts.clients,
    turn: parts.turn,
    gate: parts.gate,
    clock: parts.clock,
    random: parts.random,
    memory: parts.memory,
    inputBudget: parts.inputBudget,
    logger: parts.logger.child({ area: 'amqp' }),
    settings: amqpSettingsOf(options),
  })
  return {
    server,
    acceptorOf: () => takingOver(server.accept),
    endClients: (reason) => server.endClients(reason),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
