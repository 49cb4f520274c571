// What is sent as text has to be UTF-8, frame by frame: browsers end connections otherwise (RFC 6455 8.1). A character
// that goes on in the next write waits for it; what is no UTF-8 is sent as binary.
import { isUtf8 } from 'node:buffer'
import { opcodes } from '../../codec/websocket/frame-format.ts'
import { wholeSize } from '../../codec/websocket/utf8-stream.ts'

export interface FrameToSend {
  readonly opcode: number
  /** None when all of it waits. */
  readonly pieces: readonly Buffer[]
}

const none: Buffer = Buffer.alloc(0)

export class TextFrames {
  /** The beginning of a character. */
  #rest: Buffer = none

  next(chunks: readonly Buffer[]): FrameToSend {
    const [first = none] = chunks
    const isOne = chunks.length === 1 && this.#rest.length === 0
    const bytes = isOne ? first : Buffer.concat([this.#rest, ...chunks])
    this.#rest = none
    const size = wholeSize(bytes)
    if (!isUtf8(bytes.subarray(0, size))) return { opcode: opcodes.binary, pieces: [bytes] }
    // A copy: the memory of what was written is its writer's.
    if (size < bytes.length) this.#rest = Buffer.from(bytes.subarray(size))
    return { opcode: opcodes.text, pieces: size === 0 ? [] : [bytes.subarray(0, size)] }
  }

  /** What still waits, at the end. */
  rest(): readonly Buffer[] {
    return this.#rest.length === 0 ? [] : [this.#rest]
  }
}
