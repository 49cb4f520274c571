// A message record inside a run of magic `messages`:
//
//   0 size u32 (bytes that follow this field) │ 4 offsetDelta u32 │ 8 timestampDelta u32
//  12 headerSize u32 │ 16 bodySize u32 │ 20 addressSize u16 │ 22 flags u8 │ 23 marks u8
//  24 address │ header │ body, or a reference to it (see `bodyFlag`)
//
// Address and header are bytes that the log never looks into. Offsets within a run rise but may
// have gaps: cleaning drops records that nobody needs any more.
import type { RecordSource } from './record-source.ts'

export const recordFixedSize = 24
export const recordField = {
  size: 0,
  offsetDelta: 4,
  timestampDelta: 8,
  headerSize: 12,
  bodySize: 16,
  addressSize: 20,
  flags: 22,
  marks: 23,
} as const

/** What the broker has to say about a message: the deaths in its headers are the broker's own. */
export const recordMark = { hasDeaths: 1 } as const

/** Where the body is: in the record, in the group's shared bodies (u32 position), or in a file of its own (u64 id). */
export const bodyFlag = { shared: 1, aside: 2 } as const
const sharedReferenceSize = 4
const asideReferenceSize = 8

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

/** Id of the file that holds the body of the record at `position`, or 0 when it has none. */
export function recordAsideId(buffer: Buffer, position: number): number {
  if (buffer[position + recordField.flags] !== bodyFlag.aside) return 0
  return Number(buffer.readBigUInt64BE(recordReferenceAt(buffer, position)))
}

/** Position in the shared bodies of the body of the record at `position`, or -1. */
export function recordSharedStart(buffer: Buffer, position: number): number {
  if (buffer[position + recordField.flags] !== bodyFlag.shared) return -1
  return readUInt32(buffer, recordReferenceAt(buffer, position))
}

/** Where a record whose body is elsewhere keeps the reference to it. */
export function recordReferenceAt(buffer: Buffer, position: number): number {
  const addressSize = buffer.readUInt16BE(position + recordField.addressSize)
  const headerSize = readUInt32(buffer, position + recordField.headerSize)
  return position + recordFixedSize + addressSize + headerSize
}

/** Size of the body of the record at `position`, wherever it is. */
export function recordBodySize(buffer: Buffer, position: number): number {
  return readUInt32(buffer, position + recordField.bodySize)
}

/** Bytes of a record after its header: the body or the reference to it. */
export function storedBodySize(flags: number, bodySize: number): number {
  if (flags === bodyFlag.shared) return sharedReferenceSize
  return flags === bodyFlag.aside ? asideReferenceSize : bodySize
}

/** Quicker than the call of Buffer, which checks the range. */
export function writeUInt32(buffer: Buffer, position: number, value: number): void {
  buffer[position] = value >>> 24
  buffer[position + 1] = value >>> 16
  buffer[position + 2] = value >>> 8
  buffer[position + 3] = value
}

/** Quicker than the call of Buffer, which checks the range. */
export function readUInt32(buffer: Buffer, position: number): number {
  return (
    ((buffer[position]! << 24) |
      (buffer[position + 1]! << 16) |
      (buffer[position + 2]! << 8) |
      buffer[position + 3]!) >>>
    0
  )
}
