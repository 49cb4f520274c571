// How large an LZ4 frame can become, told from its blocks without decompressing them: the library
// that decompresses takes no limit. Format: the LZ4 frame format 1.6, as Kafka writes it.
import { CodecError } from '../codec-error.ts'

const frameMagic = 0x184d2204
const flag = { version: 0xc0, blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 } as const
const version1 = 0x40
const uncompressedBlock = 0x8000_0000
/** No LZ4 block grows more than this: a byte of match length stands for 255 bytes. */
const expansionMax = 255

/** An upper bound of the decompressed size, in bytes. Throws CodecError when it is no frame. */
export function lz4FrameSizeMax(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== frameMagic) throw malformed('no LZ4 frame', 0)
  const flags = frame[4] as number
  if ((flags & flag.version) !== version1) throw malformed('LZ4 frame of another version', 4)
  const blockSizeMax = 1 << (8 + 2 * (((frame[5] as number) >>> 4) & 7))
  const checksumSize = (flags & flag.blockChecksum) === 0 ? 0 : 4
  let total = 0
  let position =
    7 + ((flags & flag.contentSize) === 0 ? 0 : 8) + ((flags & flag.dictionary) === 0 ? 0 : 4)
  while (position + 4 <= frame.length) {
    const mark = frame.readUInt32LE(position)
    if (mark === 0) return total
    const size = mark & ~uncompressedBlock
    position += 4 + size + checksumSize
    total += mark >= uncompressedBlock ? size : Math.min(blockSizeMax, size * expansionMax)
  }
  throw malformed('the LZ4 frame has no end', position)
}

function malformed(reason: string, offset: number): CodecError {
  return new CodecError('syntax_error', reason, offset)
}
