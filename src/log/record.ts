// Writes message records into open runs and reads them from runs. Layout: message-record.ts.
import { writeInt64 } from '../lib/int64.ts'
import {
  bodyFlag,
  readUInt32,
  recordField,
  recordFixedSize,
  recordMark,
  recordSizeAt,
  storedBodySize,
  writeUInt32,
} from '../record/message/message-record.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import type { Run } from './run.ts'
import type { SharedBodies } from './shared-bodies.ts'

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
  buffer[start + recordField.marks] = source.hasDeaths ? recordMark.hasDeaths : 0
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

/** Offset of the record at `position` of `run`. */
export function recordOffsetAt(run: Run, position: number): number {
  return run.baseOffset + readUInt32(run.buffer, position + recordField.offsetDelta)
}

/** Timestamp of the record at `position` of `run`, in milliseconds since 1970. */
export function recordTimestampAt(run: Run, position: number): number {
  return run.baseTimestamp + readUInt32(run.buffer, position + recordField.timestampDelta)
}

/**
 * Fills `view` from the record at `position` of `run` and returns the position of the next record,
 * or -1 when the body is in a file of its own that `aside` does not hold: then the body's place says
 * only how large it is.
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
  view.hasDeaths = buffer[position + recordField.marks] === recordMark.hasDeaths
  view.asideId = 0
  if (flags === 0) {
    view.body = buffer
    view.bodyStart = view.headerEnd
  } else if (flags === bodyFlag.shared) {
    const shared = run.shared as SharedBodies
    view.body = shared.buffer
    view.bodyStart = readUInt32(buffer, view.headerEnd) - shared.base
  } else {
    const asideId = Number(buffer.readBigUInt64BE(view.headerEnd))
    const body = aside?.get(asideId)
    view.asideId = asideId
    view.bodyStart = 0
    if (body === undefined) {
      view.bodyEnd = bodySize
      return -1
    }
    view.body = body
  }
  view.bodyEnd = view.bodyStart + bodySize
  return next
}
