// A run: consecutive records of one log that were committed together. It begins with the header of a
// record batch (record/batch/batch-header.ts), whatever the records are. Magic 2 is a Kafka batch as
// it came. A run of messages has no producer, so its producerId field holds the file position of the
// shared bodies that its records refer to, or -1, and its baseSequence field when tombstones in it may go.
import { assert } from '../lib/assert.ts'
import { readInt64, writeInt64 } from '../lib/int64.ts'
import { pagePool } from '../lib/page-pool.ts'
import { logLimits } from '../limits/log.ts'
import { memoryLimits } from '../limits/memory.ts'
import {
  batchField,
  batchHeaderSize,
  batchMagic,
  crcOfBatch,
  setBatchPlace,
} from '../record/batch/batch-header.ts'
import type { SharedBodies } from './shared-bodies.ts'

/** Of a run of messages. */
const sharedPositionField = batchField.producerId
const deleteHorizonField = batchField.baseSequence
/** Below this a loop is quicker than the call into the engine. */
const copyLoopMax = 24
const noBytes: Buffer = Buffer.alloc(0)

/**
 * A run in memory. Lifecycle: open (records are added, the buffer may be replaced by a larger one)
 * → sealed (header and CRC written, bytes never change again) → released by all who retained it, the
 * first of whom is whoever made it. A view of its bytes is valid during the call; who keeps one for
 * longer retains the run, or the view (`PagePool.retain`).
 */
export class Run {
  readonly baseOffset: number
  readonly baseTimestamp: number
  lastOffset: number
  maxTimestamp: number
  recordCount = 0
  buffer: Buffer
  /** Bytes used, header included. */
  size: number = batchHeaderSize
  /** Where the bodies are that records of this run refer to. */
  shared: SharedBodies | undefined
  isSealed = false
  /** A Kafka batch, which readers of messages get in another form (see `Log.messagesOf`). */
  isForeign = false
  /** The same records, or a part of them, in the other form; released when nobody keeps it. */
  crossed: Run | undefined
  /** Where `fill` writes next. */
  fillPosition = 0
  /** Of a run of messages: when the tombstones in it may go, in seconds since 1970; -1 when nobody has said. */
  deleteHorizon = -1
  /** Of the store that wrote it first; -1 until it is sealed. */
  leaderEpoch = -1
  /** Bytes that the engine's cache counts for this run beside its memory; 0 when it is not in it. */
  cachedSize = 0
  #holders = 1
  /** It has retained its memory, which is a page or part of one. */
  #isOwner = true

  constructor(baseOffset: number, baseTimestamp: number, capacity: number) {
    this.baseOffset = baseOffset
    this.lastOffset = baseOffset - 1
    this.baseTimestamp = baseTimestamp
    this.maxTimestamp = baseTimestamp
    this.buffer = allocate(Math.max(capacity, batchHeaderSize))
  }

  /**
   * Wraps the bytes of a whole sealed run, as read from a file or received from a client. They are
   * valid for as long as somebody else retains them.
   */
  static fromBytes(bytes: Buffer): Run {
    const run = new Run(
      readInt64(bytes, batchField.baseOffset),
      readInt64(bytes, batchField.baseTimestamp),
      0,
    )
    run.buffer = bytes
    run.#isOwner = false
    run.size = bytes.length
    run.lastOffset = run.baseOffset + bytes.readInt32BE(batchField.lastOffsetDelta)
    // Clients may claim any time, and beyond this a number cannot be written back as 64 bits.
    run.maxTimestamp = Math.min(readInt64(bytes, batchField.maxTimestamp), Number.MAX_SAFE_INTEGER)
    run.recordCount = bytes.readInt32BE(batchField.recordCount)
    run.leaderEpoch = bytes.readInt32BE(batchField.leaderEpoch)
    run.isSealed = true
    run.isForeign = bytes.readInt8(batchField.magic) === batchMagic.kafka
    if (!run.isForeign) run.deleteHorizon = bytes.readInt32BE(deleteHorizonField)
    return run
  }

  /**
   * Makes a run of a batch from a client: its place in the log is written into its bytes. It retains
   * them, or a copy where the request was small and would be kept for longer than young memory is.
   */
  static fromBatch(batch: Buffer, baseOffset: number, leaderEpoch: number): Run {
    setBatchPlace(batch, baseOffset, leaderEpoch)
    const run = Run.fromBytes(batch)
    run.retainMemory()
    if (run.#isOwner || batch.length >= memoryLimits.pageSizeMin) return run
    run.buffer = pagePool.copy(batch)
    run.#isOwner = true
    return run
  }

  get magic(): number {
    return this.isSealed ? this.buffer.readInt8(batchField.magic) : batchMagic.messages
  }

  /** File position of the shared bodies that records refer to, or -1. Of a sealed run. */
  get sharedPosition(): number {
    return this.magic === batchMagic.messages ? readInt64(this.buffer, sharedPositionField) : -1
  }

  /** Whether `size` more bytes still belong in this run. An empty run takes any record. */
  hasRoom(size: number): boolean {
    return this.recordCount === 0 || this.size + size <= logLimits.runSizeMax
  }

  /** Makes room for `size` more bytes and returns the position to write them at. */
  reserve(size: number): number {
    assert(!this.isSealed, 'a sealed run takes no records')
    const position = this.size
    const needed = position + size
    if (needed > this.buffer.length) {
      const doubled = Math.min(this.buffer.length * 2, logLimits.runSizeMax)
      // Not released: what is to be written here next may be a view of it.
      const larger = allocate(Math.max(needed, doubled))
      this.buffer.copy(larger, 0, 0, position)
      this.buffer = larger
    }
    this.size = needed
    return position
  }

  /** Copies `source[start, end)` into reserved room. */
  fill(source: Buffer, start: number, end: number): void {
    const { buffer, fillPosition } = this
    this.fillPosition = fillPosition + end - start
    if (end - start > copyLoopMax) {
      source.copy(buffer, fillPosition, start, end)
      return
    }
    for (let from = start, to = fillPosition; from < end; from++, to++) buffer[to] = source[from]!
  }

  /** Gives memory back that the run will not need. Before it is sealed. */
  shrink(): void {
    if (this.size + (this.size >>> 2) >= this.buffer.length) return
    const exact = pagePool.take(this.size)
    this.buffer.copy(exact, 0, 0, this.size)
    pagePool.release(this.buffer)
    this.buffer = exact
  }

  /** Its bytes are a view: from now on the run retains them itself. */
  retainMemory(): void {
    this.#isOwner ||= pagePool.retain(this.buffer)
  }

  /** How many have it. */
  get holderCount(): number {
    return this.#holders
  }

  /** Somebody keeps the run, or a view of its bytes, for longer than a call. */
  retain(): void {
    this.#holders++
  }

  /** One of those who retained it needs it no more. With the last one its bytes are gone. */
  release(): void {
    assert(this.#holders > 0, 'a run was released once too often')
    this.#holders--
    if (this.#holders > 0) return
    if (this.#isOwner) pagePool.release(this.buffer)
    this.buffer = noBytes
    this.size = 0
    this.shared = undefined
    this.crossed = undefined
  }

  /** Writes header and CRC. `sharedPosition` is the file position of the shared bodies, or -1. */
  seal(leaderEpoch: number, sharedPosition: number): void {
    const { buffer } = this
    this.leaderEpoch = leaderEpoch
    writeInt64(buffer, batchField.baseOffset, this.baseOffset)
    buffer.writeInt32BE(this.size - batchField.leaderEpoch, batchField.length)
    buffer.writeInt32BE(leaderEpoch, batchField.leaderEpoch)
    buffer.writeInt8(batchMagic.messages, batchField.magic)
    buffer.writeInt16BE(0, batchField.attributes)
    buffer.writeInt32BE(this.lastOffset - this.baseOffset, batchField.lastOffsetDelta)
    writeInt64(buffer, batchField.baseTimestamp, this.baseTimestamp)
    writeInt64(buffer, batchField.maxTimestamp, this.maxTimestamp)
    writeInt64(buffer, sharedPositionField, sharedPosition)
    buffer.writeInt16BE(-1, batchField.producerEpoch)
    buffer.writeInt32BE(this.deleteHorizon, deleteHorizonField)
    buffer.writeInt32BE(this.recordCount, batchField.recordCount)
    buffer.writeUInt32BE(crcOfBatch(buffer, this.size), batchField.crc)
    this.isSealed = true
  }

  /** The bytes of a sealed run: a view. */
  bytes(): Buffer {
    return this.buffer.length === this.size ? this.buffer : this.buffer.subarray(0, this.size)
  }
}

/** A run that is nearly full will be: all the room it may need, without moving. */
function allocate(size: number): Buffer {
  const isNearlyFull = size <= logLimits.runSizeMax && size > logLimits.runSizeMax / 2
  return pagePool.take(isNearlyFull ? logLimits.runSizeMax : size)
}
