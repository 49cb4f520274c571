// How large an LZ4 frame becomes, told from its blocks without decompressing them: the library that
// decompresses takes no limit. Format: LZ4 frame format 1.6 and block format, as Kafka writes them.
import { CodecError } from '../codec-error.ts'

const frameMagic = 0x184d2204
const flag = { version: 0xc0, blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 } as const
const version1 = 0x40
const uncompressedBlock = 0x8000_0000
/** No LZ4 block grows more than this: a byte of match length stands for 255 bytes. */
const expansionMax = 255
const matchSizeMin = 4
/** A length of this in a token goes on in the next bytes. */
const longLength = 15

/** Whether the frame is larger than `sizeMax` bytes. Throws CodecError when it is no frame. */
export function isLz4FrameLarger(frame: Buffer, sizeMax: number): boolean {
  const blockSizeMax = 1 << (8 + 2 * (((frame[5] ?? 0) >>> 4) & 7))
  const bound = sumOfBlocks(frame, (start, end) =>
    Math.min(blockSizeMax, (end - start) * expansionMax),
  )
  return (
    bound > sizeMax && sumOfBlocks(frame, (start, end) => sizeOfBlock(frame, start, end)) > sizeMax
  )
}

/** Adds up what each compressed block becomes; the others are their own size. */
function sumOfBlocks(frame: Buffer, sizeOf: (start: number, end: number) => number): number {
  const { flags, start } = readFrameHeader(frame)
  const checksumSize = (flags & flag.blockChecksum) === 0 ? 0 : 4
  let total = 0
  let position = start
  while (position + 4 <= frame.length) {
    const mark = frame.readUInt32LE(position)
    if (mark === 0) return total
    const size = mark % uncompressedBlock
    const end = position + 4 + size
    total += mark >= uncompressedBlock ? size : sizeOf(position + 4, Math.min(end, frame.length))
    position = end + checksumSize
  }
  throw malformed('the LZ4 frame has no end', position)
}

function readFrameHeader(frame: Buffer): { readonly flags: number; readonly start: number } {
  if (frame.length < 7 || frame.readUInt32LE(0) !== frameMagic) throw malformed('no LZ4 frame', 0)
  const flags = frame[4] as number
  if ((flags & flag.version) !== version1) throw malformed('LZ4 frame of another version', 4)
  const contentSize = (flags & flag.contentSize) === 0 ? 0 : 8
  const dictionary = (flags & flag.dictionary) === 0 ? 0 : 4
  return { flags, start: 7 + contentSize + dictionary }
}

/** Adds up the literals and matches of a block. */
function sizeOfBlock(frame: Buffer, start: number, end: number): number {
  let size = 0
  let position = start
  const lengthOf = (short: number): number => {
    let length = short
    if (short < longLength) return length
    for (let more = 255; more === 255; length += more) more = frame[position++] ?? 0
    return length
  }
  while (position < end) {
    const token = frame[position++] as number
    const literals = lengthOf(token >>> 4)
    position += literals
    size += literals
    if (position >= end) break
    position += 2
    size += lengthOf(token & longLength) + matchSizeMin
  }
  return size
}

function malformed(reason: string, offset: number): CodecError {
  return new CodecError('syntax_error', reason, offset)
}
