// Writes the entries of commits into one growing buffer. Formats are in file-format.ts.
import { writeInt64 } from '../../lib/int64.ts'
import type { EncodedEntries } from '../commit.ts'
import type { CursorNote } from '../cursor-notes.ts'
import { entryHeadSize, entryKind, noteSize, stateForgotten, stateKeyStart } from './file-format.ts'

const initialSize = 64 * 1024
const uint32Max = 0xffff_ffff

/** One entry is written at a time; `size` is where the next one goes. */
export class EntryWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(initialSize)
  size = 0
  count = 0

  /** Starts again at `size`, keeping the memory. */
  reset(size: number): void {
    this.size = size
    this.count = 0
  }

  /** Makes room for `more` bytes after `size`. */
  ensure(more: number): void {
    const needed = this.size + more
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.size)
    this.bytes = larger
  }

  /** An entry that is only a kind and some 64-bit numbers. */
  numbers(kind: number, ...values: number[]): void {
    const at = this.begin(kind, 0, entryHeadSize + values.length * 8)
    for (const [index, value] of values.entries()) {
      writeInt64(this.bytes, at + entryHeadSize + index * 8, value)
    }
  }

  topology(sequence: number, bytes: Buffer): void {
    const at = this.begin(entryKind.topology, 0, 16 + bytes.length)
    writeInt64(this.bytes, at + 8, sequence)
    bytes.copy(this.bytes, at + 16)
  }

  /** Acked ranges [first, last, …] of one cursor and its delivered mark (-1: unchanged). */
  delta(cursorId: number, deliveredMark: number, acked: readonly number[]): void {
    let base = acked.length === 0 ? 0 : acked[0]!
    let last = base
    for (let at = 0; at < acked.length; at += 2) {
      if (acked[at]! < base) base = acked[at]!
      if (acked[at + 1]! > last) last = acked[at + 1]!
    }
    if (last - base > uint32Max) {
      this.numbers(entryKind.wideDelta, cursorId, deliveredMark, ...acked)
      return
    }
    const at = this.begin(entryKind.delta, 0, 32 + acked.length * 4)
    const { bytes } = this
    writeInt64(bytes, at + 8, cursorId)
    writeInt64(bytes, at + 16, deliveredMark)
    writeInt64(bytes, at + 24, base)
    let position = at + 32
    for (let index = 0; index < acked.length; index++) {
      position = bytes.writeUInt32BE(acked[index]! - base, position)
    }
  }

  /** Notes about some offsets of one cursor. */
  notes(cursorId: number, notes: readonly (readonly [offset: number, note: CursorNote])[]): void {
    const at = this.begin(entryKind.notes, 0, 16 + notes.length * noteSize)
    const { bytes } = this
    writeInt64(bytes, at + 8, cursorId)
    let position = at + 16
    for (const [offset, { count, readyAt }] of notes) {
      writeInt64(bytes, position, offset)
      writeInt64(bytes, position + 8, readyAt)
      position = bytes.writeUInt32BE(count, position + 16)
    }
  }

  /** Acked runs within one chunk of 65,536 offsets from `base`: [first, last, …] relative to it. */
  ackedRuns(cursorId: number, base: number, runs: readonly number[]): void {
    const at = this.begin(entryKind.ackedRuns, 0, 24 + runs.length * 2)
    writeInt64(this.bytes, at + 8, cursorId)
    writeInt64(this.bytes, at + 16, base)
    let position = at + 24
    for (const index of runs) position = this.bytes.writeUInt16BE(index, position)
  }

  /** One key of the keyed state; `value` holds bytes as latin1, undefined forgets the key. */
  state(key: string, value: string | Buffer | undefined): void {
    const keySize = Buffer.byteLength(key)
    const size = stateKeyStart + keySize + (value?.length ?? 0)
    const at = this.begin(entryKind.state, value === undefined ? stateForgotten : 0, size)
    const { bytes } = this
    bytes.writeUInt32BE(keySize, at + entryHeadSize)
    bytes.write(key, at + stateKeyStart)
    const valueStart = at + stateKeyStart + keySize
    if (typeof value === 'string') bytes.write(value, valueStart, 'latin1')
    else value?.copy(bytes, valueStart)
  }

  /** Entries that were encoded before. */
  raw(entries: EncodedEntries): void {
    const { bytes, count } = entries
    this.ensure(bytes.length)
    bytes.copy(this.bytes, this.size)
    this.size += bytes.length
    this.count += count
  }

  /** Writes an entry's head and returns the position of the entry. */
  begin(kind: number, detail: number, size: number): number {
    this.ensure(size)
    const at = this.size
    const { bytes } = this
    bytes[at] = kind
    bytes[at + 1] = detail
    bytes[at + 2] = 0
    bytes[at + 3] = 0
    bytes.writeUInt32BE(size, at + 4)
    this.size = at + size
    this.count++
    return at
  }
}
