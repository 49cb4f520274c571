// MQTT on a node.
import { takingOver } from '../server/byte-source.ts'
import { MqttServer } from '../server/mqtt/mqtt-server.ts'
import { mqttSettingsOf } from './mqtt-settings-of.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What takes over connections of MQTT, by itself or from those who have begun with them. */
export interface OpenedMqtt extends ProtocolServer {
  readonly server: MqttServer
}

export async function openMqtt(parts: ProtocolParts): Promise<OpenedMqtt> {
  const { cell, options } = parts
  const server = new MqttServer({
    broker: cell.broker,
    sessions: await cell.openSessions(),
    users: parts.users,
    clients: parts.clients,
    turn: parts.turn,
    gate: parts.gate,
    clock: parts.clock,
    random: parts.random,
    memory: parts.memory,
    inputBudget: parts.inputBudget,
    logger: parts.logger.child({ area: 'mqtt' }),
    settings: mqttSettingsOf(options),
  })
  return {
    server,
    acceptorOf: () => takingOver(server.accept),
    endClients: (reason) => server.endClients(reason),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
