// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): three of them answer what the client was sent, PUBREL
// releases what it has sent.
import type { AckResult } from '../../broker/session/session.ts'
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { packetNames, PUBACK, PUBCOMP, PUBREL } from '../../codec/mqtt/packet-type.ts'
import {
  PublishAnswer,
  publishAnswerSizeMax,
  readPublishAnswer,
  writePublishAnswer,
} from '../../codec/mqtt/publish-answer.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { MqttError } from './mqtt-error.ts'
import type { OpenPeer } from './open-peer.ts'

/** One is enough: it is done with within the call. */
const answer = new PublishAnswer()

/** Throws what ends the connection. */
export function handlePublishAnswer(peer: OpenPeer, reader: PacketReader): void {
  readPublishAnswer(reader, answer)
  const { type, packetId } = answer
  const isError = answer.code >= reasonCode.unspecifiedError
  const { session } = peer.place
  if (type === PUBREL) onPubrel(peer, packetId)
  else if (type === PUBACK) settled(peer, session.onPuback(packetId, isError))
  else if (type === PUBCOMP) settled(peer, session.onPubcomp(packetId))
  else onPubrec(peer, packetId, session.onPubrec(packetId, isError))
}

/**
 * The client's id is free again once that is durable [MQTT-4.3.3-11]. Who comes again and repeats a PUBREL has not heard
 * that the id was released: that is no error (3.7.2.1), and clients such as MQTT.js take 0x92 for a message that failed.
 */
function onPubrel({ place, answers, version }: OpenPeer, packetId: number): void {
  const { isKnown, ticket } = place.session.forgetReceived(packetId)
  const isTold = !isKnown && version === 5 && !place.isResumed
  const code = isTold ? reasonCode.packetIdNotFound : reasonCode.success
  answers.add(PUBCOMP, packetId, code, ticket)
}

function settled(peer: OpenPeer, result: AckResult): void {
  if (result === 'wrong') throw wrongAnswer()
  if (result === 'done') peer.counters.acked++
}

/** An id that nothing has is released all the same: its client waits for that. */
function onPubrec(peer: OpenPeer, packetId: number, result: AckResult): void {
  if (result === 'wrong') throw wrongAnswer()
  if (result === 'done' || answer.code >= reasonCode.unspecifiedError) return
  const { output, version, context } = peer
  const start = output.reserve(publishAnswerSizeMax)
  const code = version === 5 ? reasonCode.packetIdNotFound : reasonCode.success
  const release = { type: PUBREL, packetId, code }
  const end = writePublishAnswer(output.buffer, start, release, version)
  output.advance(end)
  output.answeredSize += end - start
  context.counts.packetsSent++
  peer.scheduleFlush()
}

function wrongAnswer(): MqttError {
  const name = packetNames[answer.type] as string
  const text = `${name} for a message that is not answered so`
  return new MqttError(reasonCode.protocolError, text)
}
