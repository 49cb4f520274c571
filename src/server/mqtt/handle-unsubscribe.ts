// UNSUBSCRIBE (section 3.10): only what was subscribed to with the very same text goes [MQTT-3.10.4-1].
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { UNSUBACK } from '../../codec/mqtt/packet-type.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { encodeSubscriptionAnswer } from '../../codec/mqtt/subscription-answer.ts'
import { readUnsubscribe } from '../../codec/mqtt/unsubscribe.ts'
import type { OpenPeer } from './open-peer.ts'

/** Throws what ends the connection. */
export function handleUnsubscribe(peer: OpenPeer, reader: PacketReader): void {
  const { packetId, filters } = readUnsubscribe(reader)
  const { sessions, session } = peer.place
  const { wereThere, ticket } = sessions.unsubscribe(session, filters)
  const codes = wereThere.map((wasThere) =>
    wasThere ? reasonCode.success : reasonCode.noSubscriptionExisted,
  )
  peer.answers.addAction(session.isPersistent ? ticket : undefined, () => {
    const answer = { type: UNSUBACK, packetId, codes, properties: noProperties } as const
    peer.send(encodeSubscriptionAnswer(answer, peer.version))
  })
}
