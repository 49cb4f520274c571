import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'

/** A frame of a client: its body is `buffer[start, end)`, good only during the call. */
export interface StompFrame {
  readonly command: string
  readonly headers: FrameHeaders
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** The body is in memory of its own: whoever needs it longer retains it (`pagePool`). */
  readonly isBodyOwn: boolean
}

/** The same for longer than the call. */
export function keepFrame({ command, headers, buffer, start, end }: StompFrame): StompFrame {
  const body = Buffer.from(buffer.subarray(start, end))
  return { command, headers, buffer: body, start: 0, end: body.length, isBodyOwn: true }
}
