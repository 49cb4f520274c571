// MQTT on a node.
import { MqttServer } from '../server/mqtt/mqtt-server.ts'
import { messageServerParts, servedBy } from './message-server.ts'
import { mqttSettingsOf } from './mqtt-settings-of.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What takes over connections of MQTT, by itself or from those who have begun with them. */
export interface OpenedMqtt extends ProtocolServer {
  readonly server: MqttServer
}

export async function openMqtt(parts: ProtocolParts): Promise<OpenedMqtt> {
  const { cell, options } = parts
  const server = new MqttServer({
    ...messageServerParts(parts, 'mqtt'),
    sessions: await cell.openSessions(),
    settings: mqttSettingsOf(options),
  })
  return servedBy(server)
}
