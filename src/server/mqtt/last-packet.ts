// What a client is told at the end: CONNACK when it has not been let in, DISCONNECT after that, which servers of MQTT 3
// do not have.
import { encodeConnack } from '../../codec/mqtt/connack.ts'
import { encodeReasonPacket } from '../../codec/mqtt/disconnect.ts'
import { CONNACK, DISCONNECT, type MqttVersion } from '../../codec/mqtt/packet-type.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import { codeIn, type Failure, returnCodeFor } from './mqtt-error.ts'

/** Undefined: nothing is said. `packetSizeMax` is that of the client, and the text goes where it makes it too large. */
export function goodbye(
  { code, text }: Failure,
  version: MqttVersion,
  packetSizeMax: number,
): Buffer | undefined {
  if (version !== 5) return undefined
  const type = DISCONNECT
  const known = codeIn(type, code)
  const whole = encodeReasonPacket({ type, code: known, properties: { reason: text } }, version)
  if (whole.length <= packetSizeMax) return whole
  return encodeReasonPacket({ type, code: known, properties: noProperties }, version)
}

/** The answer to a CONNECT. Undefined: there is none for it; `version` is 0 as long as nobody knows it. */
export function refusal({ code, text }: Failure, version: MqttVersion | 0): Buffer | undefined {
  if (version === 0) return undefined
  const refused = { isSessionPresent: false, properties: noProperties }
  if (version === 5) {
    const known = codeIn(CONNACK, code)
    return encodeConnack({ ...refused, code: known, properties: { reason: text } }, version)
  }
  const returned = returnCodeFor(code)
  return returned === undefined ? undefined : encodeConnack({ ...refused, code: returned }, version)
}
