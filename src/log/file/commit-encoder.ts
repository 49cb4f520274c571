// A sealed commit → the bytes of one write. Small runs are gathered in one buffer, large
// ones are passed on as they are.
import { crc32c } from '../../lib/crc32c.ts'
import { writeInt64 } from '../../lib/int64.ts'
import { logLimits } from '../../limits/log.ts'
import { batchField, batchMagic } from '../../record/batch/batch-header.ts'
import type { Commit } from '../commit.ts'
import type { Run } from '../run.ts'
import { EntryWriter } from './entry-writer.ts'
import {
  crcOfCommit,
  entryKind,
  commitField,
  commitHeaderSize,
  commitMagic,
  runEntrySize,
  sharedEntrySize,
} from './file-format.ts'

/** Where a commit is written, and what its header says. */
export interface CommitPlace {
  readonly fileId: number
  readonly salt: number
  readonly position: number
  readonly leaderEpoch: number
  readonly sequence: number
  readonly syncedThrough: number
}

/**
 * Encodes one commit at a time. What it returns is valid until the next call: its buffers are
 * reused, which is safe because only one commit is being written.
 */
export class CommitEncoder {
  /** Size of the commit encoded last. */
  size = 0
  /** File positions of the runs of the commit encoded last, in their order. */
  readonly runPositions: number[] = []
  readonly #entries = new EntryWriter()
  readonly #output: Buffer[] = []

  encode(commit: Commit, place: CommitPlace): Buffer[] {
    const entries = this.#entries
    entries.reset(commitHeaderSize)
    writeChanges(entries, commit)
    if (commit.extra !== undefined) entries.raw(commit.extra)
    const shared = commit.shared?.bytes()
    const runsStart =
      entries.size +
      (shared === undefined ? 0 : sharedEntrySize) +
      commit.runs.length * runEntrySize
    if (shared !== undefined) writeSharedEntry(entries, shared)
    const sharedPosition = place.position + runsStart
    let position = sharedPosition + (shared?.length ?? 0)
    this.runPositions.length = 0
    for (const { log, run } of commit.runs) {
      sealRun(run, place.leaderEpoch, sharedPosition)
      writeRunEntry(entries, log.id, run)
      this.runPositions.push(position)
      position += run.size
    }
    this.size = position - place.position
    this.#writeHeader(place)
    return this.#gather(commit, shared)
  }

  #writeHeader(place: CommitPlace): void {
    const { bytes, size, count } = this.#entries
    commitMagic.copy(bytes, 0)
    bytes.writeUInt32BE(this.size, commitField.size)
    writeInt64(bytes, commitField.fileId, place.fileId)
    writeInt64(bytes, commitField.sequence, place.sequence)
    writeInt64(bytes, commitField.syncedThrough, place.syncedThrough)
    bytes.writeUInt32BE(place.leaderEpoch, commitField.leaderEpoch)
    bytes.writeUInt32BE(size - commitHeaderSize, commitField.entriesSize)
    bytes.writeUInt32BE(count, commitField.entryCount)
    const crc = crcOfCommit(bytes, 0, size - commitHeaderSize, place.salt)
    bytes.writeUInt32BE(crc, commitField.crc)
  }

  /** Puts header, entries, shared bodies and runs in a row, copying only what is small. */
  #gather(commit: Commit, shared: Buffer | undefined): Buffer[] {
    const scratch = this.#entries
    const output = this.#output
    output.length = 0
    // The scratch must not move once views of it were taken.
    scratch.ensure(copiedSize(commit, shared))
    let viewStart = 0
    const add = (source: Buffer, size: number): void => {
      if (size < logLimits.coalescedRunSizeMax) {
        source.copy(scratch.bytes, scratch.size, 0, size)
        scratch.size += size
        return
      }
      if (scratch.size > viewStart) output.push(scratch.bytes.subarray(viewStart, scratch.size))
      viewStart = scratch.size
      output.push(source.length === size ? source : source.subarray(0, size))
    }
    if (shared !== undefined) add(shared, shared.length)
    for (const { run } of commit.runs) add(run.buffer, run.size)
    if (scratch.size > viewStart) output.push(scratch.bytes.subarray(viewStart, scratch.size))
    return output
  }
}

function writeChanges(entries: EntryWriter, commit: Commit): void {
  for (const log of commit.created) entries.numbers(entryKind.created, log.id)
  for (const cursor of commit.createdCursors) {
    entries.numbers(entryKind.cursor, cursor.id, cursor.log.id, cursor.firstOffset, 0)
  }
  for (const { sequence, bytes } of commit.topology) entries.topology(sequence, bytes)
  // Also of a cursor that is deleted by now: the commit that does it may never become durable.
  for (const [{ id }, { deliveredMark, acked, notes }] of commit.deltas) {
    if (acked.length > 0 || deliveredMark >= 0) entries.delta(id, deliveredMark, acked)
    if (notes !== undefined) entries.notes(id, [...notes])
  }
  for (const [log, offset] of commit.trims) entries.numbers(entryKind.trim, log.id, offset)
  for (const { id } of commit.deletedCursors) entries.numbers(entryKind.cursorDeleted, id)
  for (const log of commit.deleted) entries.numbers(entryKind.deleted, log.id)
  for (const { log, offset, asideId } of commit.asides) {
    entries.numbers(entryKind.aside, log.id, offset, asideId)
  }
  if (commit.states.length > 0) writeStates(entries, commit)
}

/** Only the last value of a key counts. */
function writeStates(entries: EntryWriter, { states }: Commit): void {
  const last = new Map<string, Buffer | undefined>()
  for (const { key, value } of states) last.set(key, value)
  for (const [key, value] of last) entries.state(key, value)
}

function writeSharedEntry(entries: EntryWriter, shared: Buffer): void {
  const at = entries.begin(entryKind.shared, 0, sharedEntrySize)
  entries.bytes.writeUInt32BE(shared.length, at + 8)
  entries.bytes.writeUInt32BE(crc32c(shared), at + 12)
}

/** A commit that is written a second time elsewhere only changes the runs that name a position. */
function sealRun(run: Run, leaderEpoch: number, sharedPosition: number): void {
  if (!run.isSealed) {
    run.shrink()
    const epoch = run.leaderEpoch < 0 ? leaderEpoch : run.leaderEpoch
    run.seal(epoch, run.shared === undefined ? -1 : sharedPosition)
  } else if (run.magic === batchMagic.messages && run.shared !== undefined) {
    run.seal(run.leaderEpoch, sharedPosition)
  }
}

function writeRunEntry(entries: EntryWriter, logId: number, run: Run): void {
  const at = entries.begin(entryKind.run, run.buffer[batchField.magic]!, runEntrySize)
  const { bytes } = entries
  writeInt64(bytes, at + 8, logId)
  writeInt64(bytes, at + 16, run.baseOffset)
  writeInt64(bytes, at + 24, run.maxTimestamp)
  bytes.writeUInt32BE(run.lastOffset - run.baseOffset, at + 32)
  bytes.writeUInt32BE(run.recordCount, at + 36)
  bytes.writeUInt32BE(run.size, at + 40)
  run.buffer.copy(bytes, at + 44, batchField.crc, batchField.crc + 4)
  run.buffer.copy(bytes, at + 48, batchField.leaderEpoch, batchField.leaderEpoch + 4)
}

function copiedSize(commit: Commit, shared: Buffer | undefined): number {
  const max = logLimits.coalescedRunSizeMax
  let size = shared !== undefined && shared.length < max ? shared.length : 0
  for (const { run } of commit.runs) if (run.size < max) size += run.size
  return size
}
