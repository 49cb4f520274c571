// What a client has sent, cut into frames by the rules of AMQP 0-9-1 §4.2.3 alone and independently
// of the broker: whether the broker can have seen everything, and so has to answer the last frame.

const headSize = 7
const frameTypes = new Set([1, 2, 3, 8])
const frameEnd = 0xce

/**
 * complete: cut into whole frames; broken: at some point it is no AMQP; open: it ends inside a
 * frame, so the broker rightly waits; unclear: that depends on the frame size agreed upon.
 */
export type StreamEnd = 'complete' | 'broken' | 'open' | 'unclear'

/** Judges everything sent after the protocol header. */
export function judgeStream(
  bytes: Buffer,
  frameMax: { readonly low: number; readonly high: number },
): StreamEnd {
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < headSize) return 'open'
    const size = bytes.readUInt32BE(at + 3)
    if (size > frameMax.high) return 'broken'
    if (size > frameMax.low) return 'unclear'
    if (!frameTypes.has(bytes[at] ?? 0)) return 'broken'
    const end = at + headSize + size
    if (end >= bytes.length) return 'open'
    if (bytes[end] !== frameEnd) return 'broken'
    at = end + 1
  }
  return 'complete'
}
