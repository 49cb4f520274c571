// Record batches as producers send them: right ones, damaged ones with a right or wrong CRC, and
// bombs: little that claims to be, or becomes, a gigabyte.
import { deflateRawSync, gzipSync } from 'node:zlib'
import { crc32c } from '../../src/lib/crc32c.ts'
import type { Random } from '../../src/lib/random.ts'
import { RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { batchHeaderSize } from '../../src/record/batch/batch-header.ts'
import { compress, type CompressionName } from '../../src/record/batch/compression.ts'

const codecs: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const GiB = 2 ** 30
const MiB = 2 ** 20
const at = { length: 8, magic: 16, crc: 17, attributes: 21, recordCount: 57 } as const

export interface ValidBatch {
  readonly count?: number
  readonly compression?: CompressionName
}

/** A batch that every topic takes. */
export function validBatch(random: Random, options: ValidBatch = {}): Buffer {
  const { count = 1 + random.below(8), compression = codecs[random.below(5)]! } = options
  const builder = new RecordBatchBuilder(0)
  for (let offset = 0; offset < count; offset++) {
    builder.append({
      offset,
      timestamp: Date.now() - random.below(1000),
      key: Buffer.from(`key ${random.below(5)}`),
      value: random.below(5) === 0 ? null : random.bytes(random.below(200)),
      headers: random.below(3) === 0 ? [{ key: 'h', value: random.bytes(3) }] : [],
    })
  }
  const isIdempotent = random.below(4) === 0
  const producer = isIdempotent
    ? { producerId: random.below(20), producerEpoch: random.below(2), baseSequence: 0 }
    : {}
  return builder.finish({ compression, ...producer })
}

/** Valid, damaged or a bomb. */
export function randomBatch(random: Random): Buffer {
  const kind = random.below(12)
  if (kind < 5) return validBatch(random)
  if (kind < 8) return damage(validBatch(random), random)
  if (kind < 10) return damagedRecords(random)
  if (kind === 10) return Buffer.concat([validBatch(random), validBatch(random)])
  return bombs[random.below(bombs.length)]!()
}

function damage(batch: Buffer, random: Random): Buffer {
  const way = random.below(5)
  if (way === 0) return batch.subarray(0, random.below(batch.length))
  if (way === 1) batch.writeInt32BE([-1, 0, 0x7fff_ffff, 49][random.below(4)]!, at.length)
  if (way === 2) batch.writeInt32BE([-1, 0, 0x7fff_ffff, 1000][random.below(4)]!, at.recordCount)
  if (way === 3) batch[at.magic] = random.below(4)
  if (way === 4) flipBits(batch, random)
  return random.below(2) === 0 ? batch : withCrc(batch)
}

export function flipBits(bytes: Buffer, random: Random): void {
  for (let count = 1 + random.below(4); count > 0 && bytes.length > 0; count--) {
    const index = random.below(bytes.length)
    bytes[index] = (bytes[index] as number) ^ (1 << random.below(8))
  }
}

/** The records alone are wrong: sizes, counts and varints that overflow, below a right CRC. */
function damagedRecords(random: Random): Buffer {
  const batch = validBatch(random, { compression: 'none' })
  const records = Buffer.from(batch.subarray(batchHeaderSize))
  const way = random.below(4)
  const start = random.below(Math.max(1, records.length - 12))
  if (way === 0) flipBits(records, random)
  if (way === 1) records.fill(0xff, start, start + 10)
  // A zigzag of 2^31-1, and of -2^31.
  if (way === 2) Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]).copy(records, start)
  if (way === 3) Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]).copy(records, start)
  const compression = codecs[random.below(5)]!
  return batchOf(compress(compression, records), compression, batch.readInt32BE(at.recordCount))
}

/** A batch of any bytes as its records, with a right header and CRC. */
export function batchOf(records: Buffer, compression: CompressionName, count: number = 1): Buffer {
  const builder = new RecordBatchBuilder(0)
  builder.append({ offset: 0, timestamp: Date.now(), key: null, value: null, headers: [] })
  const batch = Buffer.concat([builder.finish().subarray(0, batchHeaderSize), records])
  batch.writeInt32BE(batch.length - 12, at.length)
  batch.writeInt16BE(codecs.indexOf(compression), at.attributes)
  batch.writeInt32BE(count - 1, 23)
  batch.writeInt32BE(count, at.recordCount)
  return withCrc(batch)
}

export function withCrc(batch: Buffer): Buffer {
  if (batch.length > at.attributes) {
    batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc)
  }
  return batch
}

/** 1 GiB of zeros in 32 KiB: blocks of one repeated byte. */
export function zstdBomb(size: number = GiB): Buffer {
  const blockSize = 128 * 1024
  const count = Math.ceil(size / blockSize)
  const frame = Buffer.alloc(6 + count * 4)
  frame.writeUInt32LE(0xfd2f_b528, 0)
  // No content size; a window of 128 KiB.
  frame[5] = (17 - 10) << 3
  for (let index = 0; index < count; index++) {
    const isLast = index === count - 1 ? 1 : 0
    frame.writeUIntLE(isLast | (1 << 1) | (blockSize << 3), 6 + index * 4, 3)
  }
  return frame
}

/** 1 GiB of zeros in 1 MiB: one member after the other. */
export function gzipBomb(size: number = GiB): Buffer {
  const pieceSize = 16 * MiB
  const piece = gzipSync(Buffer.alloc(pieceSize))
  return Buffer.concat(Array<Buffer>(size / pieceSize).fill(piece))
}

/** Blocks of 4 MiB from 16 KiB each. */
export function lz4Bomb(size: number = GiB): Buffer {
  const blockSize = 4 * MiB
  const matched = blockSize - 1 - 12
  const more = matched - 4 - 15
  const lengths = Buffer.alloc(Math.floor(more / 255) + 1, 255)
  lengths[lengths.length - 1] = more % 255
  const block = Buffer.concat([
    Buffer.from([0x1f, 0, 1, 0]),
    lengths,
    Buffer.from([0xc0]),
    Buffer.alloc(12),
  ])
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(block.length, 0)
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73])
  const blocks = Array<Buffer>(size / blockSize).fill(Buffer.concat([prefix, block]))
  return Buffer.concat([header, ...blocks, Buffer.alloc(4)])
}

/** A block that claims 1 GiB and holds nothing. */
export function snappyBomb(): Buffer {
  return Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04, 0x00, 0x61])
}

/** The same as a stream of blocks. */
function snappyStreamBomb(): Buffer {
  const header = Buffer.from('82534e41505059000000000100000001', 'hex')
  const block = snappyBomb()
  const size = Buffer.alloc(4)
  size.writeInt32BE(block.length)
  return Buffer.concat([header, ...Array<Buffer>(20).fill(Buffer.concat([size, block]))])
}

const bombs: readonly (() => Buffer)[] = [
  () => batchOf(zstdBomb(), 'zstd'),
  () => batchOf(zstdBomb(60 * MiB), 'zstd', 1_000_000),
  () => batchOf(gzipBomb().subarray(0, 1_000_000), 'gzip'),
  () => batchOf(lz4Bomb(60 * 4 * MiB), 'lz4'),
  () => batchOf(lz4Bomb(4 * MiB), 'lz4'),
  () => batchOf(snappyBomb(), 'snappy'),
  () => batchOf(snappyStreamBomb(), 'snappy'),
  // A bomb inside a bomb, and one inside a record.
  () => batchOf(compress('zstd', zstdBomb()), 'zstd'),
  () => batchOf(deflateRawSync(Buffer.alloc(1000)), 'gzip'),
]
