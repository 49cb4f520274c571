// What a partition remembers of its idempotent producers: epoch and the last five batches of each,
// so that a batch sent twice is stored once (KIP-98; rules as in Kafka's ProducerAppendInfo).
// Checks run against what was appended, durable or not.
import type { Ticket } from '../../log/ticket.ts'
import { BrokerError } from '../broker-error.ts'
import type { OffsetRange } from './partition-transactions.ts'

/** A batch as far as sequence checks go. */
export interface ProducedBatch {
  readonly producerId: number
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly lastSequence: number
  readonly isTransactional: boolean
}

/** A batch that was appended before. */
export interface KnownBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestamp: number
  /** Until it is durable, whoever sends it again waits for this. Gone after a restart. */
  ticket: Ticket | undefined
}

/** A producer, as others see it. */
export interface KnownProducer {
  readonly producerId: number
  readonly epoch: number
  /** -1 when none is known. */
  readonly lastSequence: number
  /** Milliseconds since the Unix epoch. */
  readonly lastSeen: number
  /** First offset of its open transaction; -1 without one. */
  readonly transactionStart: number
}

interface ProducerEntry {
  epoch: number
  batches: KnownBatch[]
  /** When it was heard of last, milliseconds since the epoch. */
  lastSeen: number
  /** While it has no batches: the first sequence of the one that failed, and is sent again. */
  awaited?: number
  /** Of its open transaction: the first offset, and when it began (milliseconds since the epoch). */
  transaction?: ProducerTransaction | undefined
}

/** What is known of the open transaction of a producer. */
export interface ProducerTransaction {
  readonly firstOffset: number
  readonly startedMs: number
  /** Where its records are, as far as an earlier process has kept it; undefined: it has not. */
  readonly ranges?: OffsetRange[]
}

const rememberedBatches = 5
const sequenceMax = 2_147_483_647

export class ProducerState {
  /** Made with the first: most of many partitions have none. */
  #known: Map<number, ProducerEntry> | undefined

  /** Undefined for a producer that is not known. */
  epochOf(producerId: number): number | undefined {
    return this.#known?.get(producerId)?.epoch
  }

  get count(): number {
    return this.#known?.size ?? 0
  }

  /**
   * The earlier append of the same batch, or undefined when the batch is the next one. Throws
   * `invalid_producer_epoch` or `out_of_order_sequence`.
   */
  findDuplicate(batch: ProducedBatch): KnownBatch | undefined {
    const entry = this.#known?.get(batch.producerId)
    if (entry === undefined) return undefined
    if (entry.transaction !== undefined && !batch.isTransactional) throw outsideTransaction(batch)
    if (batch.producerEpoch < entry.epoch) {
      throw new BrokerError(
        'invalid_producer_epoch',
        `Epoch of producer ${batch.producerId} is ${batch.producerEpoch}, which is smaller than the last seen epoch ${entry.epoch}`,
      )
    }
    if (batch.producerEpoch > entry.epoch) {
      if (batch.firstSequence !== 0) throw outOfOrder(batch, -1)
      return undefined
    }
    const known = entry.batches.find(
      ({ firstSequence, lastSequence }) =>
        firstSequence === batch.firstSequence && lastSequence === batch.lastSequence,
    )
    if (known !== undefined) return known
    const last = entry.batches.at(-1)?.lastSequence
    if (last !== undefined && batch.firstSequence !== following(last)) throw outOfOrder(batch, last)
    const isTooEarly = last === undefined && batch.firstSequence > (entry.awaited ?? Infinity)
    if (isTooEarly) throw outOfOrder(batch, -1)
    return undefined
  }

  /**
   * A batch was not stored, through no fault of its own. As any sequence is taken from a producer that
   * is not known, one that was in flight behind it would be stored, and the failed one, sent again, be
   * refused for ever: from now on the producer is known, and nothing is stored before that batch.
   */
  noteFailed(batch: ProducedBatch, now: number): void {
    const { producerId, producerEpoch, firstSequence } = batch
    if (this.#known?.has(producerId) === true) return
    const entry = { epoch: producerEpoch, batches: [], lastSeen: now, awaited: firstSequence }
    this.#producers.set(producerId, entry)
  }

  /** Notes an appended batch. */
  add(batch: ProducedBatch, known: KnownBatch): void {
    let entry = this.#producers.get(batch.producerId)
    if (entry === undefined || entry.epoch !== batch.producerEpoch) {
      const { transaction } = entry ?? {}
      entry = { epoch: batch.producerEpoch, batches: [], lastSeen: known.timestamp, transaction }
    }
    if (batch.isTransactional) {
      entry.transaction ??= { firstOffset: known.baseOffset, startedMs: known.timestamp }
    }
    // Kept in the order of last use, oldest first.
    this.#producers.delete(batch.producerId)
    this.#producers.set(batch.producerId, entry)
    entry.lastSeen = known.timestamp
    entry.batches.push(known)
    if (entry.batches.length > rememberedBatches) entry.batches.shift()
  }

  /** Its transaction has ended; with another epoch no batch of before is taken any more. */
  endTransaction(producerId: number, epoch: number, now: number): void {
    const entry = this.#known?.get(producerId)
    if (entry === undefined) return
    if (epoch > entry.epoch) {
      entry.epoch = epoch
      entry.batches = []
      // With a new epoch sequences begin anew.
      entry.awaited = 0
    }
    entry.transaction = undefined
    entry.lastSeen = now
  }

  /** Those that have a transaction open, with what is known of it. */
  *transactions(): Generator<ProducerTransaction & { readonly producerId: number }> {
    for (const [producerId, { transaction }] of this.#known ?? []) {
      if (transaction !== undefined) yield { producerId, ...transaction }
    }
  }

  /** What DescribeProducers tells. */
  *list(): Generator<KnownProducer> {
    for (const [producerId, { epoch, batches, lastSeen, transaction }] of this.#known ?? []) {
      yield {
        producerId,
        epoch,
        lastSequence: batches.at(-1)?.lastSequence ?? -1,
        lastSeen,
        transactionStart: transaction?.firstOffset ?? -1,
      }
    }
  }

  /** Forgets producers not heard of since `before`, and the oldest beyond `countMax`; returns their ids. */
  expire(before: number, countMax: number): number[] {
    const expired: number[] = []
    if (this.#known === undefined) return expired
    for (const [producerId, { lastSeen, transaction }] of this.#producers) {
      if (lastSeen >= before && this.#producers.size - expired.length <= countMax) break
      if (transaction === undefined || countMax === 0) expired.push(producerId)
    }
    for (const producerId of expired) this.#producers.delete(producerId)
    return expired
  }

  /**
   * One producer's entry as bytes for the log's keyed state:
   * epoch i16 │ lastSeen f64 │ count u8 │ count × (firstSequence i32, lastSequence i32, baseOffset f64, timestamp f64)
   * │ with an open transaction: firstOffset f64, startedMs f64 │ `ranges` of it: first f64, last f64 each
   */
  encode(producerId: number, ranges: readonly OffsetRange[] = []): Buffer {
    const { epoch, lastSeen, batches, transaction } = this.#producers.get(
      producerId,
    ) as ProducerEntry
    const size = entryHeaderSize + batches.length * entryBatchSize
    const openSize = entryTransactionSize + ranges.length * entryRangeSize
    const bytes = Buffer.allocUnsafe(size + (transaction === undefined ? 0 : openSize))
    let at = bytes.writeInt16BE(epoch, 0)
    at = bytes.writeDoubleBE(lastSeen, at)
    at = bytes.writeUInt8(batches.length, at)
    for (const batch of batches) {
      at = bytes.writeInt32BE(batch.firstSequence, at)
      at = bytes.writeInt32BE(batch.lastSequence, at)
      at = bytes.writeDoubleBE(batch.baseOffset, at)
      at = bytes.writeDoubleBE(batch.timestamp, at)
    }
    if (transaction === undefined) return bytes
    at = bytes.writeDoubleBE(transaction.firstOffset, at)
    at = bytes.writeDoubleBE(transaction.startedMs, at)
    for (const { first, last } of ranges) {
      at = bytes.writeDoubleBE(first, at)
      at = bytes.writeDoubleBE(last, at)
    }
    return bytes
  }

  /** Puts back what `encode` made. */
  restore(producerId: number, bytes: Buffer): void {
    const batches: KnownBatch[] = []
    const end = entryHeaderSize + bytes.readUInt8(entryHeaderSize - 1) * entryBatchSize
    for (let at = entryHeaderSize; at < end; at += entryBatchSize) {
      batches.push({
        firstSequence: bytes.readInt32BE(at),
        lastSequence: bytes.readInt32BE(at + 4),
        baseOffset: bytes.readDoubleBE(at + 8),
        timestamp: bytes.readDoubleBE(at + 16),
        ticket: undefined,
      })
    }
    this.#producers.set(producerId, {
      epoch: bytes.readInt16BE(0),
      lastSeen: bytes.readDoubleBE(2),
      batches,
      ...(batches.length === 0 && { awaited: 0 }),
      transaction: end === bytes.length ? undefined : decodeTransaction(bytes.subarray(end)),
    })
  }

  get #producers(): Map<number, ProducerEntry> {
    return (this.#known ??= new Map())
  }
}

const entryHeaderSize = 11
const entryBatchSize = 24
const entryTransactionSize = 16
const entryRangeSize = 16

function decodeTransaction(bytes: Buffer): ProducerTransaction {
  const ranges: OffsetRange[] = []
  for (let at = entryTransactionSize; at < bytes.length; at += entryRangeSize) {
    ranges.push({ first: bytes.readDoubleBE(at), last: bytes.readDoubleBE(at + 8) })
  }
  return {
    firstOffset: bytes.readDoubleBE(0),
    startedMs: bytes.readDoubleBE(8),
    ...(ranges.length > 0 && { ranges }),
  }
}

/** The sequence after `sequence`: it wraps around to zero. */
export function following(sequence: number): number {
  return sequence === sequenceMax ? 0 : sequence + 1
}

function outsideTransaction({ producerId }: ProducedBatch): BrokerError {
  const text = `Expected transactional write from producer ${producerId}, which has a transaction open`
  return new BrokerError('invalid_transaction_state', text)
}

function outOfOrder(batch: ProducedBatch, last: number): BrokerError {
  return new BrokerError(
    'out_of_order_sequence',
    `Out of order sequence number for producer ${batch.producerId}: ${batch.firstSequence} (incoming seq. number), ${last} (current end sequence number)`,
  )
}
