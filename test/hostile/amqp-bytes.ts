// Bytes of AMQP that hostile clients send.
import {
  encodeFrame,
  encodeMethod,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  type RawArguments,
  uint16,
  uint64,
} from '../support/raw-codec.ts'

export function method(channel: number, name: string, args: RawArguments = {}): Buffer {
  return encodeFrame(FRAME_METHOD, channel, encodeMethod(name, args))
}

/** Content header; `properties` are the flags and the values. */
export function header(channel: number, bodySize: number, properties: Buffer = uint16(0)): Buffer {
  const payload = Buffer.concat([uint16(60), uint16(0), uint64(bodySize), properties])
  return encodeFrame(FRAME_HEADER, channel, payload)
}

export function body(channel: number, size: number): Buffer {
  const frames: Buffer[] = []
  for (let left = size; left > 0; left -= 131_064) {
    frames.push(encodeFrame(FRAME_BODY, channel, Buffer.alloc(Math.min(left, 131_064), 'h')))
  }
  return Buffer.concat(frames)
}

export function publish(channel: number, args: RawArguments, size: number): Buffer {
  return Buffer.concat([
    method(channel, 'basic.publish', args),
    header(channel, size),
    body(channel, size),
  ])
}
