// A block of an object in a local file: pieces of 64 KiB, each with a CRC-32C before it that also covers which object
// and which piece it is. So a file that was torn, damaged or mixed up is never taken for the object.
import { crc32c } from '../../../lib/crc32c.ts'
import { objectLimits } from '../../../limits/objects.ts'
import type { Disk } from '../../file/disk.ts'
import { readAt, writeAllAt } from '../../file/file-operations.ts'

const checksumSize = 4
const pieceSize = objectLimits.cachePieceSize
const storedPieceSize = checksumSize + pieceSize

/** Which block of which object, and where it is kept. */
export interface BlockFile {
  readonly path: string
  /** Tells blocks apart: object and number. */
  readonly name: string
  readonly size: number
}

/** Bytes that such a file has. */
export function storedSizeOf(size: number): number {
  return size + Math.ceil(size / pieceSize) * checksumSize
}

/** Writes a block to a new file. Nothing is synced: what a crash spoils is noticed. */
export async function writeBlock(disk: Disk, block: BlockFile, bytes: Buffer): Promise<void> {
  await disk.unlink(block.path)
  const file = await disk.open(block.path, 'create')
  try {
    const buffers: Buffer[] = []
    for (let from = 0; from < bytes.length; from += pieceSize) {
      const piece = bytes.subarray(from, from + pieceSize)
      const checksum = Buffer.alloc(checksumSize)
      checksum.writeUInt32LE(checksumOf(block, from / pieceSize, piece))
      buffers.push(checksum, piece)
    }
    await writeAllAt(file, buffers, 0)
  } finally {
    await file.close()
  }
}

/** `size` bytes from `from` on; undefined when they are not what was written. Rejects when it cannot be read. */
export async function readBlock(
  disk: Disk,
  block: BlockFile,
  from: number,
  size: number,
): Promise<Buffer | undefined> {
  const first = Math.floor(from / pieceSize)
  const start = first * pieceSize
  const end = Math.min(block.size, Math.ceil((from + size) / pieceSize) * pieceSize)
  const file = await disk.open(block.path, 'read')
  let stored: Buffer
  try {
    const wanted = storedSizeOf(end - start)
    stored = await readAt(file, first * storedPieceSize, wanted)
    if (stored.length !== wanted) return undefined
  } finally {
    await file.close()
  }
  return unwrap(block, { stored, first, size: end - start })?.subarray(
    from - start,
    from - start + size,
  )
}

interface StoredPieces {
  readonly stored: Buffer
  /** Number of the first. */
  readonly first: number
  /** Of the bytes without checksums. */
  readonly size: number
}

function unwrap(block: BlockFile, { stored, first, size }: StoredPieces): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(size)
  let position = 0
  for (let from = 0, number = first; from < size; from += pieceSize, number++) {
    const checksum = stored.readUInt32LE(position)
    const piece = stored.subarray(position + checksumSize, position + storedPieceSize)
    if (checksum !== checksumOf(block, number, piece)) return undefined
    piece.copy(bytes, from)
    position += storedPieceSize
  }
  return bytes
}

function checksumOf({ name, size }: BlockFile, number: number, piece: Buffer): number {
  return crc32c(piece, crc32c(Buffer.from(`${name} ${size} ${number}`)))
}
