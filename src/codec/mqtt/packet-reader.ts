// MQTT's packets on a connection (section 2):
//
//      0        1 … 4           rest
//   +-------+------------+  +---------+
//   | type, | remaining  |  |         |
//   | flags |   length   |  |         |
//   +-------+------------+  +---------+
//
// PacketReader cuts a byte stream that arrives in arbitrary chunks into whole packets. Invariant: a packet that lies
// within one chunk is not copied; each byte of another is copied at most a constant number of times.
import { pagePool } from '../../lib/page-pool.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { malformed, PacketError, protocolError } from './packet-error.ts'
import {
  clientOnlyTypes,
  CONNECT,
  type MqttVersion,
  packetNames,
  PUBLISH,
  type Sender,
  serverOnlyTypes,
  typesWithFlagTwo,
} from './packet-type.ts'
import { reasonCode } from './reason-code.ts'

const emptyBuffer = Buffer.alloc(0)
/** First size of the buffer for a packet that is split over chunks. */
const carrySizeMin = 256

/**
 * Reads packets from the chunks of one connection.
 *
 * 1. `push(chunk)` once per chunk; `keepRest()` before the chunk's memory is used again.
 * 2. `next()` until it returns false. While it returns true the fields describe one packet and `buffer[start, end)` is
 *    what follows its length, valid until the following `next` or `push`.
 *
 * `next` throws a PacketError when the stream is no MQTT, as soon as that can be seen; then the reader must not be used
 * again.
 */
export class PacketReader {
  /** Largest packet the peer may send, in bytes, all of it counted. */
  packetSizeMax: number
  /** 0 until a CONNECT has been read (`readConnect`). A client sets it itself. */
  version: MqttVersion | 0 = 0
  type = 0
  /** The lower half of the first byte. */
  flags = 0
  /** Holds the current packet: the pushed chunk, or the reader's own when it came in pieces. */
  buffer: Buffer = emptyBuffer
  start = 0
  end = 0
  /** The packet has a page of its own (`pagePool`): whoever keeps a view retains it. */
  isOwn = false

  readonly #sender: Sender
  #chunk: Buffer = emptyBuffer
  #position = 0
  /** Beginning of a packet whose rest is still to come. */
  #carry: Buffer = emptyBuffer
  #carried = 0
  /** Size of the packet's head, once that has been read. */
  #headSize = 0

  constructor(sender: Sender, packetSizeMax: number) {
    this.#sender = sender
    this.packetSizeMax = packetSizeMax
  }

  /** Adds the next bytes: without a copy when nothing is left of those before. */
  push(chunk: Buffer): void {
    const isEmpty = this.#position === this.#chunk.length
    this.#chunk = isEmpty ? chunk : Buffer.concat([this.#chunk.subarray(this.#position), chunk])
    this.#position = 0
  }

  /** Moves to the next whole packet. False: more bytes are needed. */
  next(): boolean {
    if (this.isOwn) this.#releaseOwn()
    if (this.#carried > 0) return this.#nextFromCarry()
    const chunk = this.#chunk
    const position = this.#position
    if (position === chunk.length) return this.#needMore()
    const size = this.#readHead(chunk, position, chunk.length)
    if (size < 0 || chunk.length - position < size) return this.#needMore(size)
    this.#position = position + size
    this.buffer = chunk
    this.start = position + this.#headSize
    this.end = position + size
    return true
  }

  /** Copies what has not been taken of the chunk, which may change from now on. */
  keepRest(): void {
    if (this.#position === this.#chunk.length) return
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#position))
    this.#position = 0
  }

  /**
   * Takes the packet that the fields describe, as it came, with everything after it: whoever goes on with this
   * connection begins there. A copy.
   */
  takeFromPacket(): Buffer {
    const whole = this.buffer.subarray(this.start - this.#headSize, this.end)
    const taken = Buffer.concat([whole, this.#chunk.subarray(this.#position)])
    this.#chunk = emptyBuffer
    this.#position = 0
    return taken
  }

  /** Bytes of a packet that has not come completely. */
  get heldSize(): number {
    return this.#carried
  }

  /** True when the stream stops inside a packet. */
  get isInsidePacket(): boolean {
    return this.#carried > 0
  }

  /** Whether bytes have come behind the packet that the fields describe. */
  get hasMore(): boolean {
    return this.#position < this.#chunk.length
  }

  /** Frees the memory kept for split packets; to be called when a connection is quiet or ends. */
  trim(): void {
    if (this.isOwn) this.#releaseOwn()
    if (this.#carried > 0) return
    this.#carry = emptyBuffer
    this.buffer = emptyBuffer
  }

  /** The connection has ended: what has come of a packet is given back. */
  close(): void {
    if (!this.isOwn) pagePool.release(this.#carry)
    this.#carried = 0
    this.trim()
  }

  #nextFromCarry(): boolean {
    let size = this.#readHead(this.#carry, 0, this.#carried)
    while (size < 0) {
      if (!this.#gather(this.#carried + 1)) return this.#needMore()
      size = this.#readHead(this.#carry, 0, this.#carried)
    }
    if (!this.#gather(size)) return this.#needMore(size)
    this.#carried = 0
    this.buffer = this.#carry
    this.start = this.#headSize
    this.end = size
    if (size < memoryLimits.pageSizeMin) return true
    this.isOwn = true
    this.#carry = emptyBuffer
    return true
  }

  /** Reads type, flags and length; returns the size of the whole packet, or -1 when more bytes are needed. */
  #readHead(buffer: Buffer, start: number, end: number): number {
    const first = buffer[start] as number
    this.type = first >>> 4
    this.flags = first & 0x0f
    if ((firstBytes[this.#sender][first] as number) !== 0) this.#checkFirst(first, start)
    if (this.#sender === 'client' && (this.type === CONNECT) !== (this.version === 0)) {
      throw this.#outOfPlace(start)
    }
    let rest = 0
    for (let at = start + 1; at < end; at++) {
      const byte = buffer[at] as number
      const index = at - start - 1
      rest |= (byte & 0x7f) << (7 * index)
      if (byte > 0x7f) {
        if (index < 3) continue
        throw malformed('remaining length of more than four bytes', start + 1)
      }
      if (byte === 0 && index > 0 && this.version === 5) {
        throw malformed('remaining length in more bytes than it needs', start + 1)
      }
      return this.#sizeOf(index + 2, rest)
    }
    return -1
  }

  #sizeOf(headSize: number, rest: number): number {
    const size = headSize + rest
    this.#headSize = headSize
    if (size <= this.packetSizeMax) return size
    const reason = `packet of ${size} bytes, ${this.packetSizeMax} are allowed`
    throw new PacketError(reasonCode.packetTooLarge, reason, 0)
  }

  #outOfPlace(at: number): PacketError {
    const name = packetNames[this.type] as string
    return protocolError(this.type === CONNECT ? 'second CONNECT' : `${name} before CONNECT`, at)
  }

  /** Throws for a first byte that the peer may not send. MQTT 3.1 leaves flags that it does not use to the sender. */
  #checkFirst(first: number, at: number): void {
    const name = packetNames[this.type] as string
    const kind = firstBytes[this.#sender][first]
    if (kind === wrongType) throw protocolError(`${name} from a ${this.#sender}`, at)
    const isLenient = this.version === 3 && this.type !== PUBLISH
    // The flags of a CONNECT are checked when its version is known.
    if (isLenient || this.type === CONNECT) return
    throw malformed(`${name} with flags ${first & 0x0f}`, at)
  }

  /** Moves what is left of the chunk into the carry. Always false. */
  #needMore(size: number = 0): boolean {
    const left = this.#chunk.length - this.#position
    if (left > 0) this.#gather(Math.max(size, this.#carried + left + 1))
    this.#chunk = emptyBuffer
    this.#position = 0
    this.buffer = emptyBuffer
    return false
  }

  /** Brings the carry to `size` bytes; false when the chunk has too few, which are then taken. */
  #gather(size: number): boolean {
    const missing = size - this.#carried
    if (missing <= 0) return true
    const taken = Math.min(missing, this.#chunk.length - this.#position)
    this.#reserve(size, this.#carried + taken)
    this.#chunk.copy(this.#carry, this.#carried, this.#position, this.#position + taken)
    this.#carried += taken
    this.#position += taken
    return taken === missing
  }

  /**
   * Makes room in the carry for `filled` bytes now, of `whole` in the end. A peer that announces a large packet and
   * sends little of it does not get all the room.
   */
  #reserve(whole: number, filled: number): void {
    if (this.#carry.length >= filled) return
    const leap = Math.max(filled, carrySizeMin, this.#carry.length * 4)
    // What is nearly all of it is not worth another leap.
    const grown = pagePool.take(leap * 2 >= whole ? Math.max(whole, filled) : leap)
    this.#carry.copy(grown, 0, 0, this.#carried)
    pagePool.release(this.#carry)
    this.#carry = grown
  }

  #releaseOwn(): void {
    pagePool.release(this.buffer)
    this.buffer = emptyBuffer
    this.isOwn = false
  }
}

const wrongFlags = 1
const wrongType = 2

/** What each first byte is, by who sends it: 0 for one that is right. */
const firstBytes: Readonly<Record<Sender, Uint8Array>> = {
  client: Uint8Array.from({ length: 256 }, (_, first) => judgeFirst(first, serverOnlyTypes)),
  server: Uint8Array.from({ length: 256 }, (_, first) => judgeFirst(first, clientOnlyTypes)),
}

function judgeFirst(first: number, foreignTypes: readonly number[]): number {
  const type = first >>> 4
  const flags = first & 0x0f
  if (type === 0 || foreignTypes.includes(type)) return wrongType
  if (type === PUBLISH) return isPublishFlags(flags) ? 0 : wrongFlags
  return flags === (typesWithFlagTwo.includes(type) ? 2 : 0) ? 0 : wrongFlags
}

/** QoS 3 does not exist [MQTT-3.3.1-4], and only what is acknowledged is sent again [MQTT-3.3.1-2]. */
function isPublishFlags(flags: number): boolean {
  const qos = (flags >>> 1) & 3
  return qos !== 3 && !(qos === 0 && (flags & 8) !== 0)
}
