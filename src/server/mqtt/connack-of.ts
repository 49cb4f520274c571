// What a CONNACK says to a client that is let in (MQTT 5 §3.2.2.3): what the server holds it to, and what is other than
// it has asked for. Maximum QoS is 2, which is said by saying nothing.
import { encodeConnack } from '../../codec/mqtt/connack.ts'
import type { Properties } from '../../codec/mqtt/properties.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Welcome } from './handle-connect.ts'
import type { MqttSettings } from './mqtt-context.ts'
import { expirySeconds } from './session-expiry.ts'

export function connackOf(
  { connect, clientId, connected, keepAlive, proof }: Welcome,
  settings: MqttSettings,
): Buffer {
  const { isPresent, session } = connected
  const { version } = connect
  // MQTT 3.1 has nothing there.
  const isSessionPresent = isPresent && version !== 3
  const expiry = expirySeconds(session.expiryMs)
  const properties: Properties = {
    receiveMax: settings.receiveMax,
    topicAliasMax: settings.topicAliasMax,
    packetSizeMax: settings.packetSizeMax,
    ...(expiry !== (connect.properties.sessionExpiry ?? 0) && { sessionExpiry: expiry }),
    ...(clientId !== connect.clientId && { assignedClientId: clientId }),
    ...(keepAlive !== connect.keepAlive && { serverKeepAlive: keepAlive }),
    ...proof,
  }
  return encodeConnack({ isSessionPresent, code: reasonCode.success, properties }, version)
}
