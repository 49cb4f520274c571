// AMQP 0-9-1 on a node.
import { amqpLimits } from '../limits/amqp.ts'
import { AmqpServer } from '../server/amqp/amqp-server.ts'
import { takingOver } from '../server/byte-source.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

export function openAmqp(parts: ProtocolParts): ProtocolServer {
  const { cell, options } = parts
  const server = new AmqpServer({
    broker: cell.broker,
    users: parts.users,
    clients: parts.clients,
    turn: parts.turn,
    clock: parts.clock,
    random: parts.random,
    memory: parts.memory,
    inputBudget: parts.inputBudget,
    logger: parts.logger.child({ area: 'amqp' }),
    settings: {
      frameMax: options.frameMax,
      channelMax: options.channelMax,
      heartbeatSeconds: options.heartbeat,
      messageSizeMax: options.maxMessageSize,
      isStrict: options.amqpStrict,
      certificateName: options.tlsClientName,
      sendTimeoutMs: amqpLimits.sendTimeoutMs,
      productName: options.productName,
      productVersion: options.productVersion,
    },
  })
  return {
    acceptorOf: () => takingOver(server.accept, parts.gate),
    endClients: (reason) => server.endClients(reason),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
