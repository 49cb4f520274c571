// A run: consecutive records of one log that were committed together. It begins with the header of a
// record batch (record/batch/batch-header.ts), whatever the records are. Magic 2 is a Kafka batch as
// it came. A run of messages has no producer, so its producerId field holds the file position of the
// shared bodies that its records refer to, or -1.
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
import { runPages } from './run-pages.ts'
import type { SharedBodies } from './shared-bodies.ts'

/** Of a run of messages. */
const sharedPositionField = batchField.producerId
/** Below this a loop is quicker than the call into the engine. */
const copyLoopMax = 24
const released: Buffer = Buffer.alloc(0)

/**
 * A run in memory. Lifecycle: open (records are added, the buffer may be replaced by a larger one)
 * → sealed (header and CRC written, bytes never change again) → released. A view of its bytes is
 * valid during the call; who keeps one for longer says so (`isLent`, `RunPages.lend`).
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
  /** Of the store that wrote it first; -1 until it is sealed. */
  leaderEpoch = -1
  /** Handed to a reader who may keep it for a while: `release` leaves its bytes alone. */
  isLent = false
  /** Its bytes are held (`PagePool.retain`): they came in with a request. */
  isHeld = false
  /** Held once more, by a reader who will not say when it is done. */
  #isPinned = false
  /** Bytes that the engine's cache counts for this run beside its memory; 0 when it is not in it. */
  cachedSize = 0

  constructor(baseOffset: number, baseTimestamp: number, capacity: number) {
    this.baseOffset = baseOffset
    this.lastOffset = baseOffset - 1
    this.baseTimestamp = baseTimestamp
    this.maxTimestamp = baseTimestamp
    this.buffer = allocate(Math.max(capacity, batchHeaderSize))
  }

  /** Wraps the bytes of a whole sealed run, as read from a file or received from a client. */
  static fromBytes(bytes: Buffer): Run {
    const run = new Run(
      readInt64(bytes, batchField.baseOffset),
      readInt64(bytes, batchField.baseTimestamp),
      0,
    )
    run.buffer = bytes
    run.size = bytes.length
    run.lastOffset = run.baseOffset + bytes.readInt32BE(batchField.lastOffsetDelta)
    // Clients may claim any time, and beyond this a number cannot be written back as 64 bits.
    run.maxTimestamp = Math.min(readInt64(bytes, batchField.maxTimestamp), Number.MAX_SAFE_INTEGER)
    run.recordCount = bytes.readInt32BE(batchField.recordCount)
    run.leaderEpoch = bytes.readInt32BE(batchField.leaderEpoch)
    run.isSealed = true
    run.isForeign = bytes.readInt8(batchField.magic) === batchMagic.kafka
    return run
  }

  /**
   * Makes a run of a batch from a client: its place in the log is written into its bytes. It holds
   * them, or a copy where the request was small and would be kept for longer than young memory is.
   */
  static fromBatch(batch: Buffer, baseOffset: number, leaderEpoch: number): Run {
    setBatchPlace(batch, baseOffset, leaderEpoch)
    const isPage = pagePool.retain(batch)
    const isSmall = !isPage && batch.length < memoryLimits.largePageSizeMin
    const run = Run.fromBytes(isSmall ? pagePool.copy(batch) : batch)
    run.isHeld = isPage || isSmall
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
    const exact = Buffer.allocUnsafe(this.size)
    this.buffer.copy(exact, 0, 0, this.size)
    runPages.giveBack(this.buffer)
    this.buffer = exact
  }

  /** A reader has the run, or views of its bytes, for as long as it likes. */
  lend(): void {
    this.isLent = true
    if (!this.isHeld || this.#isPinned) return
    this.#isPinned = true
    pagePool.retain(this.buffer)
  }

  /**
   * A reader has the run. If it `isHeld`, its bytes are now held for that reader as well, who ends
   * that once, here or with `PagePool.release`, or leaves the memory to the collector.
   */
  lease(): void {
    this.isLent = true
    if (this.isHeld) pagePool.retain(this.buffer)
  }

  /** A reader has neither the run nor a view of its bytes any more. */
  endLease(): void {
    if (this.isHeld) pagePool.release(this.buffer)
  }

  /** Lets the bytes go, for another run to use. The run must have left every list. */
  release(): void {
    if (this.isHeld) pagePool.release(this.buffer)
    if (this.isLent) return
    if (!this.isHeld) runPages.giveBack(this.buffer)
    this.detach()
  }

  /** Forgets its bytes, which are part of a page that is used again. The run must have left every list. */
  detach(): void {
    this.buffer = released
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
    buffer.writeInt32BE(-1, batchField.baseSequence)
    buffer.writeInt32BE(this.recordCount, batchField.recordCount)
    buffer.writeUInt32BE(crcOfBatch(buffer, this.size), batchField.crc)
    this.isSealed = true
  }

  /** The bytes of a sealed run: a view. */
  bytes(): Buffer {
    return this.buffer.length === this.size ? this.buffer : this.buffer.subarray(0, this.size)
  }
}

function allocate(size: number): Buffer {
  const isPage = size <= logLimits.runSizeMax && size > logLimits.runSizeMax / 2
  return isPage ? runPages.take(logLimits.runSizeMax) : Buffer.allocUnsafe(size)
}
