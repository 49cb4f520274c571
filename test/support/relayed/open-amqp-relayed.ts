// Stands for src/node/open-amqp.ts in brokers of tests: see relay-hook.ts.
import { clientLimits } from '../../../src/limits/clients.ts'
import { amqpSettingsOf } from '../../../src/node/amqp-settings-of.ts'
import type { ProtocolParts, ProtocolServer } from '../../../src/node/protocol-server.ts'
import { AmqpServer } from '../../../src/server/amqp/amqp-server.ts'
import { relayAmqp } from './relay-amqp.ts'

export async function openAmqp(parts: ProtocolParts): Promise<ProtocolServer> {
  const logger = parts.logger.child({ area: 'amqp' })
  const { broker } = parts.cell
  const settings = { ...amqpSettingsOf(parts.options), sendTimeoutMs: clientLimits.sendTimeoutMs }
  const given = { ...parts, broker, logger, settings }
  const server = new AmqpServer(given)
  const relayed = await relayAmqp({ ...given, server })
  return {
    acceptorOf: () => relayed.accept,
    endClients: (reason) => server.endClients(reason),
    async [Symbol.asyncDispose]() {
      await server.close()
      await relayed.close()
    },
  }
}
