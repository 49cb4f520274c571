// Bytes → a checked commit. A commit is accepted only when header, entries, every run and the
// shared bodies verify: half a commit never counts.
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64 } from '../../lib/int64.ts'
import {
  crcOfBatch,
  batchField,
  batchHeaderSize,
  batchMagic,
  batchSizeAt,
} from '../../record/batch/batch-header.ts'
import type { CursorNote } from '../cursor-notes.ts'
import {
  crcOfCommit,
  entryHeadSize,
  entryKind,
  commitField,
  commitHeaderSize,
  commitMagic,
  noteSize,
  stateForgotten,
  stateKeyStart,
} from './file-format.ts'

/** A run inside a decoded commit. */
export interface DecodedRun {
  readonly logId: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly recordCount: number
  readonly maxTimestamp: number
  /** A batch as it came. */
  readonly isBatch: boolean
  readonly size: number
  /** Place in the file. */
  readonly position: number
}

/** Called for each entry of a commit, in the order they were written. Buffers are views. */
export interface EntryVisitor {
  onRun(run: DecodedRun): void
  onDelta(cursorId: number, deliveredMark: number, acked: readonly number[]): void
  onSnapshot(logId: number, snapshot: LogSnapshot): void
  onCursor(cursorId: number, snapshot: CursorSnapshot): void
  onAckedRange(cursorId: number, first: number, last: number): void
  onNote(cursorId: number, offset: number, note: CursorNote): void
  onTrim(logId: number, offset: number): void
  onCreated(logId: number): void
  onDeleted(logId: number): void
  onCursorDeleted(cursorId: number): void
  onTopology(sequence: number, bytes: Buffer): void
  onCheckpointBegin(begin: CheckpointBegin): void
  /** Topology entries up to `topologyThrough` are not repeated in it: the topology file has them. */
  onCheckpointEnd(id: number, topologyThrough: number): void
  onAside(logId: number, offset: number, asideId: number): void
  /** Undefined when the key is forgotten. */
  onState(key: string, value: Buffer | undefined): void
}

export interface LogSnapshot {
  readonly startOffset: number
  readonly endOffset: number
}

/** A cursor as it was when it was created, or a checkpoint came by. */
export interface CursorSnapshot {
  readonly logId: number
  readonly floor: number
  readonly deliveredMark: number
}

export interface CheckpointBegin {
  readonly id: number
  readonly nextLogId: number
  readonly nextTopologySequence: number
  readonly nextAsideId: number
  readonly nextCursorId: number
}

/** What a commit header says; `bytes` is the whole commit. */
export class DecodedCommit {
  readonly bytes: Buffer
  /** Place in the file. */
  readonly position: number
  readonly sequence: number
  readonly syncedThrough: number
  readonly leaderEpoch: number
  readonly entriesSize: number
  /** Place in `bytes` and size of the shared bodies. */
  readonly sharedStart: number
  sharedSize = 0

  constructor(bytes: Buffer, position: number) {
    this.bytes = bytes
    this.position = position
    this.sequence = readInt64(bytes, commitField.sequence)
    this.syncedThrough = readInt64(bytes, commitField.syncedThrough)
    this.leaderEpoch = bytes.readUInt32BE(commitField.leaderEpoch)
    this.entriesSize = bytes.readUInt32BE(commitField.entriesSize)
    this.sharedStart = commitHeaderSize + this.entriesSize
  }

  get size(): number {
    return this.bytes.length
  }

  get endPosition(): number {
    return this.position + this.bytes.length
  }

  /** Walks the entries. The commit must have been checked. */
  visit(visitor: EntryVisitor): void {
    let runPosition = this.sharedStart + this.sharedSize
    for (let at = commitHeaderSize; at < this.sharedStart; at += this.bytes.readUInt32BE(at + 4)) {
      if (this.bytes[at] === entryKind.run) {
        const run = decodeRunEntry(this.bytes, at, this.position + runPosition)
        visitor.onRun(run)
        runPosition += run.size
      } else if (this.bytes[at] === entryKind.lostRun) {
        runPosition += this.bytes.readUInt32BE(at + 40)
      } else {
        visitEntry(this.bytes, at, visitor)
      }
    }
  }
}

/** How a commit failed its check, for people. */
export type CommitFault = string

/** Size that the header at `start` claims, or 0 when it is not a commit header of this file. */
export function commitSizeAt(bytes: Buffer, start: number, fileId: number): number {
  if (!bytes.subarray(start, start + 4).equals(commitMagic)) return 0
  if (readInt64(bytes, start + commitField.fileId) !== fileId) return 0
  const size = bytes.readUInt32BE(start + commitField.size)
  const entriesSize = bytes.readUInt32BE(start + commitField.entriesSize)
  return size >= commitHeaderSize + entriesSize ? size : 0
}

/** Checks header and entries of the commit in `bytes`; without a fault the header can be trusted. */
export function checkCommitHeader(bytes: Buffer, salt: number): CommitFault | undefined {
  const entriesSize = bytes.readUInt32BE(commitField.entriesSize)
  const crc = crcOfCommit(bytes, 0, entriesSize, salt)
  return crc === bytes.readUInt32BE(commitField.crc)
    ? undefined
    : 'the checksum of a commit is wrong'
}

/** Decodes and checks a whole commit. */
export function decodeCommit(
  bytes: Buffer,
  position: number,
  salt: number,
): DecodedCommit | CommitFault {
  const fault = checkCommitHeader(bytes, salt)
  if (fault !== undefined) return fault
  const commit = new DecodedCommit(bytes, position)
  return checkPayload(commit) ?? commit
}

function checkPayload(commit: DecodedCommit): CommitFault | undefined {
  const { bytes, sharedStart } = commit
  let position = sharedStart
  for (let at = commitHeaderSize; at < sharedStart;) {
    const size = bytes.readUInt32BE(at + 4)
    if (size < entryHeadSize || at + size > sharedStart) return 'an entry has an impossible size'
    if (bytes[at] === entryKind.shared) {
      commit.sharedSize = bytes.readUInt32BE(at + 8)
      const end = sharedStart + commit.sharedSize
      if (end > bytes.length) return 'shared bodies are cut off'
      if (crc32c(bytes.subarray(sharedStart, end)) !== bytes.readUInt32BE(at + 12)) {
        return 'the checksum of shared bodies is wrong'
      }
      position = end
    } else if (bytes[at] === entryKind.run) {
      const runSize = bytes.readUInt32BE(at + 40)
      if (position + runSize > bytes.length) return 'a run is cut off'
      if (!isRunIntact(bytes, at, position)) return 'the checksum of a run is wrong'
      position += runSize
    } else if (bytes[at] === entryKind.lostRun) {
      position += bytes.readUInt32BE(at + 40)
    } else if (bytes[at] === entryKind.filler) {
      position += bytes.readUInt32BE(at + 8)
    }
    at += size
  }
  return position === bytes.length ? undefined : 'a commit has an impossible size'
}

/** Whether the run at `position` is the one its entry at `entry` describes, with the right bytes. */
export function isRunIntact(bytes: Buffer, entry: number, position: number): boolean {
  const size = bytes.readUInt32BE(entry + 40)
  return (
    size >= batchHeaderSize &&
    batchSizeAt(bytes, position) === size &&
    readInt64(bytes, position) === readInt64(bytes, entry + 16) &&
    bytes[position + batchField.magic] === bytes[entry + 1] &&
    bytes.readUInt32BE(position + batchField.leaderEpoch) === bytes.readUInt32BE(entry + 48) &&
    bytes.readUInt32BE(position + batchField.crc) === bytes.readUInt32BE(entry + 44) &&
    crcOfBatch(bytes.subarray(position, position + size), size) === bytes.readUInt32BE(entry + 44)
  )
}

function decodeRunEntry(bytes: Buffer, at: number, position: number): DecodedRun {
  const baseOffset = readInt64(bytes, at + 16)
  return {
    logId: readInt64(bytes, at + 8),
    baseOffset,
    lastOffset: baseOffset + bytes.readUInt32BE(at + 32),
    recordCount: bytes.readUInt32BE(at + 36),
    maxTimestamp: readInt64(bytes, at + 24),
    isBatch: bytes[at + 1] === batchMagic.kafka,
    size: bytes.readUInt32BE(at + 40),
    position,
  }
}

function visitEntry(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const number = (index: number): number => readInt64(bytes, at + entryHeadSize + index * 8)
  switch (bytes[at]) {
    case entryKind.snapshot:
      return visitor.onSnapshot(number(0), { startOffset: number(1), endOffset: number(2) })
    case entryKind.trim:
      return visitor.onTrim(number(0), number(1))
    case entryKind.created:
      return visitor.onCreated(number(0))
    case entryKind.deleted:
      return visitor.onDeleted(number(0))
    case entryKind.topology:
      return visitor.onTopology(number(0), bytes.subarray(at + 16, at + entrySizeAt(bytes, at)))
    case entryKind.begin:
      return visitor.onCheckpointBegin({
        id: number(0),
        nextLogId: number(1),
        nextTopologySequence: number(2),
        nextAsideId: number(3),
        nextCursorId: number(4),
      })
    case entryKind.end:
      return visitor.onCheckpointEnd(number(0), number(1))
    case entryKind.aside:
      return visitor.onAside(number(0), number(1), number(2))
    case entryKind.state:
      return visitState(bytes, at, visitor)
    default:
      visitCursorEntry(bytes, at, visitor)
  }
}

function visitCursorEntry(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const number = (index: number): number => readInt64(bytes, at + entryHeadSize + index * 8)
  switch (bytes[at]) {
    case entryKind.delta:
    case entryKind.wideDelta:
      return visitor.onDelta(number(0), number(1), decodeAcked(bytes, at))
    case entryKind.cursor: {
      const [logId, floor, deliveredMark] = [number(1), number(2), number(3)]
      return visitor.onCursor(number(0), { logId, floor, deliveredMark })
    }
    case entryKind.ackedRuns:
      return visitAckedRuns(bytes, at, visitor)
    case entryKind.ackedBits:
      return visitAckedBits(bytes, at, visitor)
    case entryKind.notes:
      return visitNotes(bytes, at, visitor)
    case entryKind.cursorDeleted:
      return visitor.onCursorDeleted(number(0))
    default:
    // `shared` has no meaning of its own; a kind from a later version changes the format version.
  }
}

function decodeAcked(bytes: Buffer, at: number): number[] {
  const acked: number[] = []
  const end = at + entrySizeAt(bytes, at)
  if (bytes[at] === entryKind.wideDelta) {
    for (let position = at + 24; position < end; position += 8)
      acked.push(readInt64(bytes, position))
    return acked
  }
  const base = readInt64(bytes, at + 24)
  for (let position = at + 32; position < end; position += 4) {
    acked.push(base + bytes.readUInt32BE(position))
  }
  return acked
}

function visitAckedRuns(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const cursorId = readInt64(bytes, at + 8)
  const base = readInt64(bytes, at + 16)
  const end = at + entrySizeAt(bytes, at)
  for (let position = at + 24; position < end; position += 4) {
    const first = base + bytes.readUInt16BE(position)
    visitor.onAckedRange(cursorId, first, base + bytes.readUInt16BE(position + 2))
  }
}

function visitNotes(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const cursorId = readInt64(bytes, at + 8)
  const end = at + entrySizeAt(bytes, at)
  for (let position = at + 16; position < end; position += noteSize) {
    const readyAt = readInt64(bytes, position + 8)
    const count = bytes.readUInt32BE(position + 16)
    visitor.onNote(cursorId, readInt64(bytes, position), { count, readyAt })
  }
}

function visitAckedBits(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const cursorId = readInt64(bytes, at + 8)
  const base = readInt64(bytes, at + 16)
  const end = (entrySizeAt(bytes, at) - 24) * 8
  const isAcked = (bit: number): boolean =>
    bit < end && ((bytes[at + 24 + (bit >>> 3)]! >>> (bit & 7)) & 1) === 1
  for (let bit = 0; bit < end; bit++) {
    if (!isAcked(bit)) continue
    const first = bit
    while (isAcked(bit + 1)) bit++
    visitor.onAckedRange(cursorId, base + first, base + bit)
  }
}

function visitState(bytes: Buffer, at: number, visitor: EntryVisitor): void {
  const keyStart = at + stateKeyStart
  const valueStart = keyStart + bytes.readUInt32BE(at + entryHeadSize)
  const key = bytes.toString('utf8', keyStart, valueStart)
  const isForgotten = bytes[at + 1] === stateForgotten
  const value = isForgotten ? undefined : bytes.subarray(valueStart, at + entrySizeAt(bytes, at))
  visitor.onState(key, value)
}

function entrySizeAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 4)
}
