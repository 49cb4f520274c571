// Frames as they are sent. As RabbitMQ's they have a content-length unless their body is empty, and a line feed after
// the NUL, which is a heart-beat to those who want one.
import { bytesOfText } from '../../record/message/name-bytes.ts'
import { escapeName, escapeValue } from './escapes.ts'
import type { StompVersion } from './stomp-version.ts'

const LF = 10

/** Ends every frame: NUL and a line feed. Not to be modified. */
export const frameEnd: Buffer = Buffer.from([0, LF])

/** A heart-beat (STOMP 1.2 "Heart-beating"). Not to be modified. */
export const heartBeat: Buffer = Buffer.from([LF])

/** One header's line. */
export function headerLine(name: string, value: string, version: StompVersion): string {
  return `${escapeName(name, version)}:${escapeValue(value, version)}\n`
}

export interface OutgoingFrame {
  readonly command: string
  /** Their values in their order. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * A whole frame. Headers of CONNECTED are not escaped, and so must have no line ends; the broker's own have none.
 * Bytes of a client's that are no UTF-8 go back as they came.
 */
export function encodeFrame(frame: OutgoingFrame, version: StompVersion): Buffer {
  const { command, headers, body = '' } = frame
  const isRaw = command === 'CONNECTED'
  const pieces: Buffer[] = [Buffer.from(`${command}\n`)]
  for (const [name, value] of Object.entries(headers)) {
    const line = isRaw ? `${name}:${value}\n` : headerLine(name, value, version)
    pieces.push(Buffer.from(bytesOfText(line) as string))
  }
  const bodyBytes = Buffer.from(bytesOfText(body) as string)
  if (bodyBytes.length > 0) pieces.push(Buffer.from(`content-length:${bodyBytes.length}\n`))
  pieces.push(heartBeat, bodyBytes, frameEnd)
  return Buffer.concat(pieces)
}
