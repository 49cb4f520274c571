// The bodies of one commit that several logs share: a message routed to ten queues is stored
// ten times without its body and once with it. Each body follows its own CRC-32C (u32), so that a
// reader who loads one body alone can trust it.
import { crc32c } from '../lib/crc32c.ts'
import { logLimits } from '../limits/log.ts'

export const sharedCrcSize = 4

/** Grows while its commit is open; positions in it are what records keep. */
export class SharedBodies {
  buffer: Buffer
  size = 0
  /** What records call position `base` is the first byte of `buffer`: readers load only what they need. */
  base = 0
  /** Cached runs that refer to it. */
  retainCount = 0

  constructor(buffer: Buffer = Buffer.allocUnsafe(logLimits.sharedBodiesSizeInitial)) {
    this.buffer = buffer
  }

  /** Wraps the part of a section that starts at position `base`. */
  static fromBytes(bytes: Buffer, base: number): SharedBodies {
    const shared = new SharedBodies(bytes)
    shared.size = bytes.length
    shared.base = base
    return shared
  }

  /** Copies `source[start, end)` in and returns its position. */
  add(source: Buffer, start: number, end: number): number {
    const position = this.size + sharedCrcSize
    const needed = position + end - start
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
      this.buffer.copy(larger, 0, 0, this.size)
      this.buffer = larger
    }
    source.copy(this.buffer, position, start, end)
    this.buffer.writeUInt32BE(
      crc32c(this.buffer.subarray(position, needed)),
      position - sharedCrcSize,
    )
    this.size = needed
    return position
  }

  /** Whether the body of `size` bytes at `position` is what was added. */
  isIntact(position: number, size: number): boolean {
    const start = position - this.base
    if (start < sharedCrcSize || start + size > this.size) return false
    const crc = crc32c(this.buffer.subarray(start, start + size))
    return crc === this.buffer.readUInt32BE(start - sharedCrcSize)
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.size)
  }
}
