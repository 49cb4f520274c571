// AMQP 0-9-1 on a node.
import { AmqpServer } from '../server/amqp/amqp-server.ts'
import { amqpSettingsOf } from './amqp-settings-of.ts'
import { messageServerParts, servedBy } from './message-server.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What takes over connections of AMQP, by itself or from those who have begun with them. */
export interface OpenedAmqp extends ProtocolServer {
  readonly server: AmqpServer
}

export function openAmqp(parts: ProtocolParts): OpenedAmqp {
  const { options } = parts
  const server = new AmqpServer({
    ...messageServerParts(parts, 'amqp'),
    settings: amqpSettingsOf(options),
    mqtt: parts.cell,
  })
  return servedBy(server)
}
