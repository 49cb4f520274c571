// The end of a sealed file: where each log's runs are, so that the file serves reads as it is.
//
//   sections: per extent its run index (run-index.ts)
//   summary:  per extent 64 bytes
//             0 log id │ 8 first offset │ 16 last offset │ 24 byte count │ 32 section position u32
//            36 section crc u32 │ 40 run count u32 │ 44 record count u32 │ 48 max timestamp i64
//            56 bytes of batches i64
//   asides:   per record with a body of its own: log id │ offset │ aside id
//   tail, 60: 0 'PDIR' │ 4 version u32 │ 8 file id │ 16 first sequence │ 24 last sequence
//            32 data end u32 │ 36 summary position u32 │ 40 extent count │ 44 aside count
//            48 written run size u32 │ 52 written shared size u32
//            56 crc u32 of summary, asides and the tail before it
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { logLimits } from '../../limits/log.ts'
import { formatVersion } from './file-format.ts'
import { readAt, syncFile, writeAt } from './file-operations.ts'
import { RunIndex, runIndexStride } from './run-index.ts'
import { Extent } from './segment.ts'
import type { AsideReference, Segment } from './segment.ts'

/** Bytes in the directory for each extent, beside its run index. */
export const summaryStride = 64
const asideStride = 24
const tailSize = 60
const magic: Buffer = Buffer.from('PDIR', 'latin1')

/**
 * Writes the directory behind the last good commit, durably. `extents` are those of the segment,
 * with their indexes in memory. In pieces, so that a hundred thousand logs hold nobody up.
 */
export async function writeDirectory(segment: Segment, extents: readonly Extent[]): Promise<void> {
  const { file, dataEnd, asides } = segment
  if (segment.hasFailed) await file.truncate(dataEnd)
  let position = dataEnd
  for (const piece of piecesOf(extents)) {
    const sections = encodeSections(piece, position)
    await writeAt(file, sections, position)
    position += sections.length
  }
  const summaryPosition = position
  let crc = 0
  const append = async (bytes: Buffer): Promise<void> => {
    crc = crc32c(bytes, crc)
    await writeAt(file, bytes, position)
    position += bytes.length
  }
  for (const piece of piecesOf(extents)) await append(encodeSummary(piece))
  for (const piece of piecesOf(asides)) await append(encodeAsides(piece))
  const tail = encodeTail(segment, { summaryPosition, extentCount: extents.length })
  tail.writeUInt32BE(crc32c(tail.subarray(0, tailSize - 4), crc), tailSize - 4)
  await writeAt(file, tail, position)
  await syncFile(file)
  segment.size = position + tailSize
  await file.finish(segment.size)
  segment.hasDirectory = true
}

function piecesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / logLimits.directoryPieceCount)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * logLimits.directoryPieceCount, (index + 1) * logLimits.directoryPieceCount),
  )
}

/** Also notes where the sections are. */
function encodeSections(extents: readonly Extent[], start: number): Buffer {
  const sections: Buffer[] = []
  let position = start
  for (const extent of extents) {
    const section = (extent.index as RunIndex).bytes()
    extent.sectionPosition = position
    extent.sectionCrc = crc32c(section)
    extent.sectionRunCount = extent.runCount
    extent.sectionStart = 0
    position += section.length
    sections.push(section)
  }
  return Buffer.concat(sections)
}

function encodeSummary(extents: readonly Extent[]): Buffer {
  const bytes = Buffer.alloc(extents.length * summaryStride)
  let at = 0
  for (const extent of extents) {
    writeInt64(bytes, at, extent.logId)
    writeInt64(bytes, at + 8, extent.firstOffset)
    writeInt64(bytes, at + 16, extent.lastOffset)
    writeInt64(bytes, at + 24, extent.byteCount)
    bytes.writeUInt32BE(extent.sectionPosition, at + 32)
    bytes.writeUInt32BE(extent.sectionCrc, at + 36)
    bytes.writeUInt32BE(extent.runCount, at + 40)
    bytes.writeUInt32BE(extent.recordCount, at + 44)
    writeInt64(bytes, at + 48, extent.maxTimestamp)
    writeInt64(bytes, at + 56, extent.batchByteCount)
    at += summaryStride
  }
  return bytes
}

function encodeAsides(asides: readonly AsideReference[]): Buffer {
  const bytes = Buffer.alloc(asides.length * asideStride)
  for (const [index, { logId, offset, asideId }] of asides.entries()) {
    writeInt64(bytes, index * asideStride, logId)
    writeInt64(bytes, index * asideStride + 8, offset)
    writeInt64(bytes, index * asideStride + 16, asideId)
  }
  return bytes
}

function encodeTail(
  segment: Segment,
  { summaryPosition, extentCount }: { summaryPosition: number; extentCount: number },
): Buffer {
  const bytes = Buffer.alloc(tailSize)
  magic.copy(bytes)
  bytes.writeUInt32BE(formatVersion, 4)
  writeInt64(bytes, 8, segment.id)
  writeInt64(bytes, 16, segment.firstSequence)
  writeInt64(bytes, 24, segment.lastSequence)
  bytes.writeUInt32BE(segment.dataEnd, 32)
  bytes.writeUInt32BE(summaryPosition, 36)
  bytes.writeUInt32BE(extentCount, 40)
  bytes.writeUInt32BE(segment.asides.length, 44)
  bytes.writeUInt32BE(segment.writtenRunSize, 48)
  bytes.writeUInt32BE(segment.writtenSharedSize, 52)
  return bytes
}

/**
 * Where `readDirectory` reads from: the summary of a file of `size` bytes that ends with `last`; undefined when
 * there is no directory.
 */
export function directoryStart(last: Buffer, size: number): number | undefined {
  if (last.length < tailSize) return undefined
  const tail = last.subarray(-tailSize)
  if (!tail.subarray(0, magic.length).equals(magic)) return undefined
  const start = tail.readUInt32BE(36)
  const summarySize = tail.readUInt32BE(40) * summaryStride + tail.readUInt32BE(44) * asideStride
  return start + summarySize + tailSize === size ? start : undefined
}

/**
 * Reads the directory at the end of a sealed file (`segment.size` bytes) into `segment` and returns
 * its extents, not attached to anything; undefined when the directory is damaged.
 */
export async function readDirectory(segment: Segment): Promise<Extent[] | undefined> {
  if (segment.size < tailSize) return undefined
  const tail = await readAt(segment.file, segment.size - tailSize, tailSize)
  const summaryPosition = directoryStart(tail, segment.size)
  if (summaryPosition === undefined) return undefined
  const extentCount = tail.readUInt32BE(40)
  const asideCount = tail.readUInt32BE(44)
  const size = segment.size - summaryPosition
  const bytes = await readAt(segment.file, summaryPosition, size)
  if (bytes.length < size || crc32c(bytes.subarray(0, size - 4)) !== bytes.readUInt32BE(size - 4)) {
    return undefined
  }
  if (readInt64(tail, 8) !== segment.id) return undefined
  segment.firstSequence = readInt64(tail, 16)
  segment.lastSequence = readInt64(tail, 24)
  segment.dataEnd = tail.readUInt32BE(32)
  segment.writtenRunSize = tail.readUInt32BE(48)
  segment.writtenSharedSize = tail.readUInt32BE(52)
  const asidesStart = extentCount * summaryStride
  for (let index = 0; index < asideCount; index++) {
    const at = asidesStart + index * asideStride
    segment.asides.push({
      logId: readInt64(bytes, at),
      offset: readInt64(bytes, at + 8),
      asideId: readInt64(bytes, at + 16),
    })
  }
  return Array.from({ length: extentCount }, (_, index) =>
    decodeExtent(segment, bytes, index * summaryStride),
  )
}

function decodeExtent(segment: Segment, bytes: Buffer, at: number): Extent {
  const extent = new Extent(segment, readInt64(bytes, at), readInt64(bytes, at + 8))
  extent.lastOffset = readInt64(bytes, at + 16)
  extent.byteCount = readInt64(bytes, at + 24)
  extent.sectionPosition = bytes.readUInt32BE(at + 32)
  extent.sectionCrc = bytes.readUInt32BE(at + 36)
  extent.runCount = bytes.readUInt32BE(at + 40)
  extent.sectionRunCount = extent.runCount
  extent.recordCount = bytes.readUInt32BE(at + 44)
  extent.maxTimestamp = readInt64(bytes, at + 48)
  extent.batchByteCount = readInt64(bytes, at + 56)
  return extent
}

/** Reads the run index of an extent of a sealed file; undefined when its bytes are damaged. */
export async function readRunIndex(extent: Extent): Promise<RunIndex | undefined> {
  const size = extent.sectionRunCount * runIndexStride
  const bytes = await readAt(extent.segment.file, extent.sectionPosition, size)
  if (bytes.length < size || crc32c(bytes) !== extent.sectionCrc) return undefined
  const start = extent.sectionStart * runIndexStride
  return RunIndex.fromBytes(bytes.subarray(start, start + extent.runCount * runIndexStride))
}
