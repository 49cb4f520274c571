// Stands for a socket that Output writes to: keeps what is written, and never takes it off our hands
// unless told so.

import type { Socket } from 'node:net'
import { FrameReader } from '../../src/codec/amqp/frame.ts'
import { type AmqpMethod, decodeMethod, FRAME_METHOD } from '../../src/codec/amqp/methods.gen.ts'

export class SocketDouble {
  readonly writes: Buffer[] = []
  writableLength = 0
  corkCount = 0
  readonly #sent: (() => void)[] = []

  asSocket(): Socket {
    return this as unknown as Socket
  }

  write(bytes: Buffer, onSent?: () => void): boolean {
    this.writes.push(bytes)
    if (onSent !== undefined) this.#sent.push(onSent)
    this.writableLength += bytes.length
    return false
  }

  cork(): void {
    this.corkCount++
  }

  uncork(): void {
    this.corkCount--
  }

  /** Everything written since the last call. */
  take(): Buffer {
    this.writableLength = 0
    const bytes = Buffer.concat(this.writes.splice(0))
    for (const onSent of this.#sent.splice(0)) onSent()
    return bytes
  }
}

export interface SentFrame {
  readonly type: number
  readonly channel: number
  readonly payload: Buffer
  /** Of a method frame. */
  readonly method: AmqpMethod | undefined
}

/** The whole frames that `bytes` consist of. */
export function framesOf(bytes: Buffer): SentFrame[] {
  const reader = new FrameReader(bytes.length + 1)
  reader.push(bytes)
  const frames: SentFrame[] = []
  while (reader.next()) {
    const { type, channel, buffer, start, end } = reader
    const method = type === FRAME_METHOD ? decodeMethod(buffer, start, end) : undefined
    frames.push({ type, channel, payload: Buffer.from(buffer.subarray(start, end)), method })
  }
  if (reader.isInsideFrame) throw new Error('bytes end inside a frame')
  return frames
}
