import {
  encodeFrame,
  FRAME_BODY,
  FRAME_HEADER,
  uint16,
  uint64,
} from '../../test/support/raw-codec.ts'
import { methodFrame } from '../soak/soak-socket.ts'

const FRAME_PAYLOAD = 131_064

/** basic.publish of a persistent message of any size to the default exchange. */
export function messageFrames(queue: string, size: number): Buffer {
  const persistent = Buffer.concat([uint16(1 << 12), Buffer.from([2])])
  const header = Buffer.concat([uint16(60), uint16(0), uint64(size), persistent])
  const frames = [
    methodFrame(1, 'basic.publish', { routingKey: queue }),
    encodeFrame(FRAME_HEADER, 1, header),
  ]
  for (let sent = 0; sent < size; sent += FRAME_PAYLOAD) {
    const payload = Buffer.alloc(Math.min(FRAME_PAYLOAD, size - sent), 'x')
    frames.push(encodeFrame(FRAME_BODY, 1, payload))
  }
  return Buffer.concat(frames)
}
