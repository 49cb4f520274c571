// AUTH (section 3.15): a step of showing who the client is, before CONNACK or later.
import { readReasonPacket } from '../../codec/mqtt/disconnect.ts'
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { AUTH, DISCONNECT, packetNames } from '../../codec/mqtt/packet-type.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { ConnectingPeer } from './handle-connect.ts'
import { tellRefused } from './login.ts'
import { MqttError } from './mqtt-error.ts'
import type { OpenPeer } from './open-peer.ts'

/** What a client sends that was asked for AUTH and has no CONNACK. Throws what it is refused for. */
export function handleEarlyAuth(peer: ConnectingPeer, reader: PacketReader): void {
  const { type } = reader
  // [MQTT-3.1.2-30]
  if (type !== AUTH && type !== DISCONNECT) {
    throw new MqttError(reasonCode.protocolError, `${packetNames[type]} before CONNACK`)
  }
  const packet = readReasonPacket(reader)
  if (type === DISCONNECT) {
    peer.destroy()
    return
  }
  if (reader.hasMore) throw new MqttError(reasonCode.protocolError, 'more than AUTH before CONNACK')
  peer.auth?.continueConnect(packet)
}

/** AUTH of a client that has been let in: it shows again who it is, and goes on meanwhile. Throws MqttError. */
export function handleAuth(peer: OpenPeer, reader: PacketReader): void {
  const packet = readReasonPacket(reader)
  const { auth, context } = peer
  if (auth === undefined) {
    throw new MqttError(reasonCode.protocolError, 'AUTH without an authentication method')
  }
  auth.reauthenticate(packet, (login, data) => {
    if (login.principal !== undefined) {
      peer.principal = login.principal
      auth.sendSuccess(data)
      return
    }
    tellRefused(context.logger, peer.peer.remoteAddress, login)
    const refuse = (): void => {
      peer.onError(new MqttError(reasonCode.notAuthorized, 're-authentication refused'))
    }
    // [MQTT-4.12.1-2]
    if (login.waitMs === 0) refuse()
    else context.clock.after(login.waitMs, refuse)
  })
}
