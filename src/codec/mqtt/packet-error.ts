// Why bytes are no MQTT, in MQTT 5's own numbers.
import { CodecError } from '../../record/codec-error.ts'
import { reasonCode } from './reason-code.ts'

/** Bytes that are not what MQTT allows, with the reason code that a CONNACK or DISCONNECT gives. */
export class PacketError extends CodecError {
  readonly reasonCode: number

  constructor(code: number, reason: string, offset: number) {
    super(code === reasonCode.packetTooLarge ? 'frame_error' : 'syntax_error', reason, offset)
    this.reasonCode = code
  }
}

/** The packet cannot be parsed (section 4.13). */
export function malformed(reason: string, offset: number): PacketError {
  return new PacketError(reasonCode.malformedPacket, reason, offset)
}

/** The packet can be parsed and says what it may not (section 4.13). */
export function protocolError(reason: string, offset: number): PacketError {
  return new PacketError(reasonCode.protocolError, reason, offset)
}
