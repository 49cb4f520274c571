// A message record inside a run of magic `messages`:
//
//   0 size u32 (bytes that follow this field) │ 4 offsetDelta u32 │ 8 timestampDelta u32
//  12 headerSize u32 │ 16 bodySize u32 │ 20 addressSize u16 │ 22 flags u8 │ 23 zero
//  24 address │ header │ body, or a reference to it (see `bodyFlag`)
//
// Address and header are bytes that the log never looks into. Offsets within a run rise but may
// have gaps: cleaning drops records that nobody needs any more.
import { writeInt64 } from '../lib/int64.ts'
import type { Run } from './run.ts'
import type { SharedBodies } from './shared-bodies.ts'

export const recordFixedSize = 24
export const recordField = {
  size: 0,
  offsetDelta: 4,
  timestampDelta: 8,
  headerSize: 12,
  bodySize: 16,
  addressSize: 20,
  flags: 22,
} as const

/** Where the body is: in the record, in the group's shared bodies (u32 position), or in a file of its own (u64 id). */
export const bodyFlag = { shared: 1, aside: 2 } as const
const sharedReferenceSize = 4
const asideReferenceSize = 8

/**
 * A message on its way into logs: views of whoever received it, valid only during the call.
 * One object is reused for all messages of a connection.
 */
export class RecordSource {
  address: Buffer = empty
  addressStart = 0
  addressEnd = 0
  header: Buffer = empty
  headerStart = 0
  headerEnd = 0
  body: Buffer = empty
  bodyStart = 0
  bodyEnd = 0
  /** Nobody else has the body's memory: it may be kept longer than the call. */
  isBodyOwn = false
  /** Where the body is in the group's shared bodies, or -1. Set by `Log.append`. */
  sharedPosition = -1
  /** Decides the partition of a topic; undefined for any. Set only where `Route.needsKey`. */
  partitionKey: Buffer | undefined = undefined
  /** Id of the file that already holds the body (see `LogStore.writeAside`), or 0. */
  asideId = 0
}

/**
 * A record as its reader sees it: views into a run, valid during the call; for a view that is kept
 * longer, call `RunPages.lend`. One object is reused for all records of a reader.
 */
export class RecordView {
  offset = -1
  timestamp = 0
  /** Holds address and header. */
  buffer: Buffer = empty
  addressStart = 0
  headerStart = 0
  headerEnd = 0
  /** Holds the body: the same buffer unless the body is shared or aside. */
  body: Buffer = empty
  bodyStart = 0
  bodyEnd = 0
}

const empty: Buffer = Buffer.alloc(0)

/** Appends one record to an open run. */
export function appendRecord(
  run: Run,
  offset: number,
  timestamp: number,
  source: RecordSource,
): void {
  const addressSize = source.addressEnd - source.addressStart
  const headerSize = source.headerEnd - source.headerStart
  const bodySize = source.bodyEnd - source.bodyStart
  const { sharedPosition } = source
  const flags = source.asideId !== 0 ? bodyFlag.aside : sharedPosition >= 0 ? bodyFlag.shared : 0
  const size = recordFixedSize + addressSize + headerSize + storedBodySize(flags, bodySize)
  const start = run.reserve(size)
  const { buffer } = run
  writeUInt32(buffer, start, size - 4)
  writeUInt32(buffer, start + recordField.offsetDelta, offset - run.baseOffset)
  // A wall clock that jumps back must not make a negative delta.
  writeUInt32(
    buffer,
    start + recordField.timestampDelta,
    Math.max(0, timestamp - run.baseTimestamp),
  )
  writeUInt32(buffer, start + recordField.headerSize, headerSize)
  writeUInt32(buffer, start + recordField.bodySize, bodySize)
  buffer[start + recordField.addressSize] = addressSize >>> 8
  buffer[start + recordField.addressSize + 1] = addressSize
  buffer[start + recordField.flags] = flags
  buffer[start + recordField.flags + 1] = 0
  run.fillPosition = start + recordFixedSize
  run.fill(source.address, source.addressStart, source.addressEnd)
  run.fill(source.header, source.headerStart, source.headerEnd)
  if (flags === bodyFlag.shared) writeUInt32(buffer, run.fillPosition, sharedPosition)
  else if (flags === bodyFlag.aside) writeInt64(buffer, run.fillPosition, source.asideId)
  else run.fill(source.body, source.bodyStart, source.bodyEnd)
  run.lastOffset = offset
  run.recordCount++
  if (timestamp > run.maxTimestamp) run.maxTimestamp = timestamp
}

/** Bytes that `source` takes in a run when its body is inline. */
export function inlineRecordSize(source: RecordSource): number {
  return (
    recordFixedSize +
    (source.addressEnd - source.addressStart) +
    (source.headerEnd - source.headerStart) +
    (source.asideId !== 0 ? asideReferenceSize : source.bodyEnd - source.bodyStart)
  )
}

/** Size of the record at `position`, its size field included. */
export function recordSizeAt(buffer: Buffer, position: number): number {
  return readUInt32(buffer, position) + 4
}

/** Offset of the record at `position` of `run`. */
export function recordOffsetAt(run: Run, position: number): number {
  return run.baseOffset + readUInt32(run.buffer, position + recordField.offsetDelta)
}

/** Timestamp of the record at `position` of `run`, in milliseconds since 1970. */
export function recordTimestampAt(run: Run, position: number): number {
  return run.baseTimestamp + readUInt32(run.buffer, position + recordField.timestampDelta)
}

/** Id of the file that holds the body of the record at `position`, or 0 when it has none. */
export function recordAsideId(buffer: Buffer, position: number): number {
  if (buffer[position + recordField.flags] !== bodyFlag.aside) return 0
  const addressSize = buffer.readUInt16BE(position + recordField.addressSize)
  const headerSize = readUInt32(buffer, position + recordField.headerSize)
  return Number(buffer.readBigUInt64BE(position + recordFixedSize + addressSize + headerSize))
}

/** Position in the shared bodies of the body of the record at `position`, or -1. */
export function recordSharedStart(buffer: Buffer, position: number): number {
  if (buffer[position + recordField.flags] !== bodyFlag.shared) return -1
  return readUInt32(buffer, recordSharedReferenceAt(buffer, position))
}

/** Where a record with a shared body keeps that position. */
export function recordSharedReferenceAt(buffer: Buffer, position: number): number {
  const addressSize = buffer.readUInt16BE(position + recordField.addressSize)
  const headerSize = readUInt32(buffer, position + recordField.headerSize)
  return position + recordFixedSize + addressSize + headerSize
}

/** Size of the body of the record at `position`, wherever it is. */
export function recordBodySize(buffer: Buffer, position: number): number {
  return readUInt32(buffer, position + recordField.bodySize)
}

/**
 * Fills `view` from the record at `position` of `run` and returns the position of the next record,
 * or -1 when the body is in a file of its own that `aside` does not hold.
 */
export function readRecord(
  run: Run,
  position: number,
  view: RecordView,
  aside: ReadonlyMap<number, Buffer> | undefined,
): number {
  const { buffer } = run
  const addressSize = (buffer[position + 20]! << 8) | buffer[position + 21]!
  const headerSize = readUInt32(buffer, position + recordField.headerSize)
  const bodySize = readUInt32(buffer, position + recordField.bodySize)
  const flags = buffer[position + recordField.flags]!
  view.offset = run.baseOffset + readUInt32(buffer, position + recordField.offsetDelta)
  view.timestamp = run.baseTimestamp + readUInt32(buffer, position + recordField.timestampDelta)
  view.buffer = buffer
  view.addressStart = position + recordFixedSize
  view.headerStart = view.addressStart + addressSize
  view.headerEnd = view.headerStart + headerSize
  const next = position + recordSizeAt(buffer, position)
  if (flags === 0) {
    view.body = buffer
    view.bodyStart = view.headerEnd
  } else if (flags === bodyFlag.shared) {
    const shared = run.shared as SharedBodies
    view.body = shared.buffer
    view.bodyStart = readUInt32(buffer, view.headerEnd) - shared.base
  } else {
    const body = aside?.get(Number(buffer.readBigUInt64BE(view.headerEnd)))
    if (body === undefined) return -1
    view.body = body
    view.bodyStart = 0
  }
  view.bodyEnd = view.bodyStart + bodySize
  return next
}

function storedBodySize(flags: number, bodySize: number): number {
  if (flags === bodyFlag.shared) return sharedReferenceSize
  return flags === bodyFlag.aside ? asideReferenceSize : bodySize
}

function writeUInt32(buffer: Buffer, position: number, value: number): void {
  buffer[position] = value >>> 24
  buffer[position + 1] = value >>> 16
  buffer[position + 2] = value >>> 8
  buffer[position + 3] = value
}

function readUInt32(buffer: Buffer, position: number): number {
  return (
    ((buffer[position]! << 24) |
      (buffer[position + 1]! << 16) |
      (buffer[position + 2]! << 8) |
      buffer[position + 3]!) >>>
    0
  )
}
