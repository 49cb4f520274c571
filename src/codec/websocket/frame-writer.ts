// Frames of a server: they are never masked (RFC 6455 5.1).
import { controlSizeMax, isFinal, lengths, opcodes } from './frame-format.ts'

/** What stands in front of `size` bytes; the message is in this one frame. */
export function frameHeader(opcode: number, size: number): Buffer {
  if (size < lengths.inTwoBytes) return Buffer.from([isFinal | opcode, size])
  if (size <= 0xff_ff) {
    const header = Buffer.allocUnsafe(4)
    header[0] = isFinal | opcode
    header[1] = lengths.inTwoBytes
    header.writeUInt16BE(size, 2)
    return header
  }
  const header = Buffer.allocUnsafe(10)
  header[0] = isFinal | opcode
  header[1] = lengths.inEightBytes
  header.writeUInt32BE(Math.floor(size / 2 ** 32), 2)
  header.writeUInt32BE(size % 2 ** 32, 6)
  return header
}

/** A whole frame; `payload` has at most `controlSizeMax` bytes. */
export function controlFrame(opcode: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(opcode, payload.length), payload])
}

/** As many characters of the reason as there is room for. */
export function closeFrame(code: number, reason = ''): Buffer {
  const text = Buffer.from(reason)
  let size = Math.min(text.length, controlSizeMax - 2)
  // Not in the middle of a character.
  while (size < text.length && size > 0 && ((text[size] as number) & 0xc0) === 0x80) size--
  const payload = Buffer.allocUnsafe(2 + size)
  payload.writeUInt16BE(code)
  text.copy(payload, 2, 0, size)
  return controlFrame(opcodes.close, payload)
}
