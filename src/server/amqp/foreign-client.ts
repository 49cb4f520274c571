import type { Socket } from 'node:net'
import { findForeignHandshake } from '../../codec/amqp/find-foreign-handshake.ts'
import type { ForeignHandshake } from '../../codec/amqp/foreign-handshake.ts'
import type { FrameReader } from '../../codec/amqp/frame.ts'

/** A client that speaks another protocol: it is led through its own handshake, and told in it. */
export class ForeignClient {
  readonly #handshake: ForeignHandshake
  readonly #socket: Socket

  /** By the protocol header that the reader has; undefined for a client that is none of these. */
  static find(reader: FrameReader, socket: Socket): ForeignClient | undefined {
    const handshake = findForeignHandshake(bytesOf(reader))
    if (handshake === undefined) return undefined
    const answer = handshake.take(bytesOf(reader))
    if (answer.length > 0) socket.write(answer)
    return new ForeignClient(handshake, socket)
  }

  private constructor(handshake: ForeignHandshake, socket: Socket) {
    this.#handshake = handshake
    this.#socket = socket
  }

  get protocol(): string {
    return this.#handshake.protocol
  }

  /** Answers what has come in. True: everything was said, and no more is sent. */
  answer(reader: FrameReader): boolean {
    const handshake = this.#handshake
    while (handshake.needed > 0) {
      if (!reader.nextRaw(handshake.needed)) return false
      const answer = handshake.take(bytesOf(reader))
      if (answer.length > 0) this.#socket.write(answer)
    }
    this.#socket.end()
    return true
  }
}

function bytesOf({ buffer, start, end }: FrameReader): Buffer {
  return buffer.subarray(start, end)
}
