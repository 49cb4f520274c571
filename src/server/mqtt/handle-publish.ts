// PUBLISH (section 3.3).
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { PublishPacket, readPublish } from '../../codec/mqtt/publish.ts'
import type { OpenPeer } from './open-peer.ts'

/** One is enough: it is done with within the call. */
const publish = new PublishPacket()

/** Throws what ends the connection. */
export function handlePublish(peer: OpenPeer, reader: PacketReader): void {
  readPublish(reader, publish)
  peer.publisher.publish(publish, reader.isOwn)
}
