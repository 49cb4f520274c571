// Snappy as Kafka's clients write it: Java ones in the framing of xerial's SnappyOutputStream
//
//   0x82 "SNAPPY" 0x00 │ version i32 │ compatible version i32 │ { size i32 │ block } …
//
// others as one bare block. A block begins with its decompressed size as a varint.
import { CodecError } from '../codec-error.ts'
import { loadSnappy } from './native-codecs.ts'

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const streamHeader = Buffer.concat([magic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
/** What xerial's stream puts in one block by default, as readers of it expect. */
const blockSizeMax = 32 * 1024

/** Throws CodecError when it would be more than `sizeMax` bytes. */
export function snappyDecompress(bytes: Buffer, sizeMax: number): Buffer {
  if (!bytes.subarray(0, magic.length).equals(magic)) return decompressBlock(bytes, sizeMax)
  const pieces: Buffer[] = []
  let left = sizeMax
  let position = streamHeader.length
  while (position < bytes.length) {
    const start = position + 4
    const size = start <= bytes.length ? bytes.readInt32BE(position) : -1
    if (size < 0 || size > bytes.length - start) {
      throw new CodecError('syntax_error', 'the snappy stream ends in a block', position)
    }
    const piece = decompressBlock(bytes.subarray(start, start + size), left)
    pieces.push(piece)
    left -= piece.length
    position = start + size
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}

/** Compresses with the framing that every client reads. */
export function snappyCompress(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [streamHeader]
  for (let start = 0; start < bytes.length; start += blockSizeMax) {
    const block = loadSnappy().compressSync(bytes.subarray(start, start + blockSizeMax))
    const size = Buffer.allocUnsafe(4)
    size.writeInt32BE(block.length)
    pieces.push(size, block)
  }
  return Buffer.concat(pieces)
}

function decompressBlock(block: Buffer, sizeMax: number): Buffer {
  const size = claimedSize(block)
  if (size > sizeMax) {
    throw new CodecError('frame_error', `records decompress to more than ${sizeMax} bytes`, 0)
  }
  const decompressed = loadSnappy().uncompressSync(block)
  return typeof decompressed === 'string' ? Buffer.from(decompressed) : decompressed
}

function claimedSize(block: Buffer): number {
  let size = 0
  for (let index = 0; index < 5 && index < block.length; index++) {
    const byte = block[index] as number
    size += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return size
  }
  throw new CodecError('syntax_error', 'the snappy block has no size', 0)
}
