// Which handler a packet of a client goes to that has been let in.
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import {
  AUTH,
  DISCONNECT,
  PINGREQ,
  PUBLISH,
  SUBSCRIBE,
  UNSUBSCRIBE,
} from '../../codec/mqtt/packet-type.ts'
import { handleAuth } from './handle-auth.ts'
import { handleDisconnect } from './handle-disconnect.ts'
import { handlePingreq } from './handle-pingreq.ts'
import { handlePublishAnswer } from './handle-publish-answers.ts'
import { handlePublish } from './handle-publish.ts'
import { handleSubscribe } from './handle-subscribe.ts'
import { handleUnsubscribe } from './handle-unsubscribe.ts'
import type { OpenPeer } from './open-peer.ts'

/** Throws what ends the connection. */
export function handlePacket(peer: OpenPeer, reader: PacketReader): void {
  switch (reader.type) {
    case PUBLISH:
      return handlePublish(peer, reader)
    case SUBSCRIBE:
      return handleSubscribe(peer, reader)
    case UNSUBSCRIBE:
      return handleUnsubscribe(peer, reader)
    case PINGREQ:
      return handlePingreq(peer, reader)
    case DISCONNECT:
      return handleDisconnect(peer, reader)
    case AUTH:
      return handleAuth(peer, reader)
    default:
      return handlePublishAnswer(peer, reader)
  }
}
