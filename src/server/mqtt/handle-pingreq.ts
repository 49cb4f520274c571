// PINGREQ (section 3.12): a quiet moment.
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { pingResponse, readPing } from '../../codec/mqtt/ping.ts'
import type { OpenPeer } from './open-peer.ts'

/** Throws what ends the connection. */
export function handlePingreq(peer: OpenPeer, reader: PacketReader): void {
  readPing(reader)
  peer.trim()
  peer.send(pingResponse)
}
