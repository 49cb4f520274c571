// DISCONNECT (section 3.14): the client's goodbye, after which its will is not published unless it says so.
import { readReasonPacket } from '../../codec/mqtt/disconnect.ts'
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { MqttError } from './mqtt-error.ts'
import type { OpenPeer } from './open-peer.ts'
import { sessionExpiryMs } from './session-expiry.ts'

/** Throws what ends the connection otherwise. */
export function handleDisconnect(peer: OpenPeer, reader: PacketReader): void {
  const { code, properties } = readReasonPacket(reader)
  const { sessionExpiry } = properties
  const { session } = peer.place
  // [MQTT-3.14.2-2]: a session that was to end with its connection cannot last any more.
  if (sessionExpiry !== undefined && sessionExpiry > 0 && session.expiryMs === 0) {
    throw new MqttError(reasonCode.protocolError, 'session expiry of a session that does not last')
  }
  const expiryMs =
    sessionExpiry === undefined ? undefined : sessionExpiryMs(sessionExpiry, peer.context.settings)
  peer.leave({ sendsWill: code !== reasonCode.success, expiryMs })
}
