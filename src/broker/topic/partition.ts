// A log as Kafka sees it: a partition of a topic, or the messages of a work queue, as a rule all of them.
// Batches are stored as they came. Whoever waits for records is told when the high watermark rises.
import type { Clock } from '../../lib/clock.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { topicLimits } from '../../limits/topic.ts'
import { cursorsOf, type LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log, LogWatcher } from '../../log/log.ts'
import { rewrittenKey } from '../../log/rewritten-end.ts'
import type { Run } from '../../log/run.ts'
import { stableRuns } from '../../log/stable-runs.ts'
import type { Ticket } from '../../log/ticket.ts'
import { setAppendTime, setMaxTimestamp } from '../../record/batch/batch-header.ts'
import type { CheckedRecords } from '../../record/batch/check-records.ts'
import { encodeEndMarker } from '../../record/batch/end-marker.ts'
import { CompactionState } from '../compaction/compaction-state.ts'
import type { Incoming } from '../queue/incoming.ts'
import { checkBatch, claimedProducer } from './check-batch.ts'
import { checkRecords, expectNoneRefused } from './check-records.ts'
import { DeliveryExtent } from './delivery-extent.ts'
import { findRestoredRanges } from './find-restored-ranges.ts'
import { Hold } from './hold.ts'
import {
  type AppendedBatch,
  type OffsetRange,
  PartitionTransactions,
} from './partition-transactions.ts'
import { type KnownBatch, type ProducedBatch, ProducerState } from './producer-state.ts'
import type { RemotePartition } from './remote-partition.ts'
import { encodeSent, sentKey, type SentMessages } from './sent-messages.ts'
import type { TopicConfig } from './topic-config.ts'
import type { BrokerValues } from './topic-defaults.ts'

export interface PartitionContext {
  readonly ownSettings: BrokerValues
  readonly store: LogStore
  readonly clock: Clock
}

/** What a produce did. */
export interface Produced {
  readonly baseOffset: number
  /** 0 for a batch that was sent before. */
  readonly recordCount: number
  /** Undefined when it is durable already (a batch sent twice). */
  readonly ticket: Ticket | undefined
  /** The time of the broker that the records got, or -1 when they keep their own. */
  readonly appendTime: number
}

/** What has been found out about a large batch beside the event loop. */
export interface BatchFindings {
  /** Whether its checksum is right; undefined: nobody has looked. */
  readonly isIntact?: boolean
  /** Its records have been looked at. */
  readonly checked?: CheckedRecords
}

/** What a partition asks and tells its topic or queue. */
export interface PartitionOwner {
  readonly config: () => TopicConfig
  /** Throws when there is no room for the records of a batch; by default there is. */
  readonly admit?: (incoming: Incoming) => void
  /** They came in. Within an atom. */
  readonly onAppended: (incoming: Incoming) => void
  /** A transaction has ended, of which so many bytes of bodies were aborted. Within an atom. */
  readonly onTransactionEnded?: (abortedSize: number) => void
  /** It shows aborted records to those who ask for uncommitted ones, as topics do. */
  readonly showsAborted: boolean
}

/** How a transaction ends in a partition. */
export interface TransactionOutcome {
  readonly producerId: number
  /** From now on batches with an earlier one are refused. */
  readonly epoch: number
  readonly isCommit: boolean
  readonly coordinatorEpoch: number
}

/** Told when a partition has more durable records. */
export type DurableListener = () => void

const stateKeyPrefix = 'producer/'
const copiedKeyPrefix = 'copied/'

const nothingFound: BatchFindings = {}

export class Partition implements LogWatcher {
  readonly log: Log
  /** What it has acked is not shown: retention has passed it, or it was settled. That of a queue may change. */
  cursor: LogCursor
  readonly producers: ProducerState = new ProducerState()
  /** Made for the first. */
  transactions: PartitionTransactions | undefined
  /** Where records may be whose headers say when they are to be delivered. */
  readonly deliveries: DeliveryExtent
  /** Where the log ends of what `copy` has written; 0 for nothing. */
  copiedEnd = 0
  /** Settled when it is known where transactions that an earlier process left open have their records. */
  restoring: Promise<void> | undefined
  /** Another cell leads it, and its log has a copy at most. */
  remote: RemotePartition | undefined
  /** How far it has come with messages that its home sends. */
  sent: SentMessages | undefined
  /** It is a partition no more, whatever has its name or its log now. */
  isGone = false
  readonly #context: PartitionContext
  readonly #owner: PartitionOwner
  /** A set only for several: a fetch may listen to 10,000 partitions. */
  #listeners: DurableListener | Set<DurableListener> | undefined
  /** Made when somebody asks: most topics are not compacted. */
  #compaction: CompactionState | undefined
  #hold: Hold | undefined

  constructor(cursor: LogCursor, context: PartitionContext, owner: PartitionOwner) {
    this.log = cursor.log
    this.deliveries = new DeliveryExtent(cursor.log)
    this.cursor = cursor
    this.#context = context
    this.#owner = owner
    this.log.watcher = this
  }

  /** Of its store: rises with each start, and each owner of its cell. */
  get leaderEpoch(): number {
    return this.#context.store.epoch
  }

  /** Where its log is. */
  get store(): LogStore {
    return this.#context.store
  }

  /** How far it is compacted. */
  get compaction(): CompactionState {
    return (this.#compaction ??= new CompactionState())
  }

  /** The offset of the first record that can still be read. */
  get startOffset(): number {
    if (this.remote !== undefined) return this.remote.facts.startOffset
    return Math.max(this.log.startOffset, this.cursor.floor)
  }

  /** Records below are durable and may be seen. */
  get highWatermark(): number {
    return this.log.durableEnd
  }

  /** Records below belong to no open transaction, and are durable. As in Kafka never below `startOffset`. */
  get lastStableOffset(): number {
    return Math.max(this.log.stableEnd, Math.min(this.startOffset, this.highWatermark))
  }

  /** Those of `runs`, which were just read and retained, below the last stable offset; the others are released. */
  stableOf(runs: readonly Run[]): readonly Run[] {
    return stableRuns(this.log, runs)
  }

  /**
   * Stores a batch, whose bytes are the log's from now on. 'large': its records take too long to look
   * at here, and nothing has happened; `findings` has them the next time. Throws what `checkBatch`,
   * `ProducerState.findDuplicate`, `checkRecords` and `PartitionOwner.admit` throw.
   */
  produce(batch: Buffer, findings: BatchFindings = nothingFound): Produced | 'large' {
    const { store, clock } = this.#context
    const now = clock.now()
    const config = this.#owner.config()
    const { producer, recordCount, maxTimestamp } = checkBatch(batch, config, findings.isIntact)
    const appendTime = config.usesAppendTime ? now : -1
    const known = producer && this.producers.findDuplicate(producer)
    if (known !== undefined) {
      const { baseOffset, ticket, timestamp } = known
      return { baseOffset, recordCount: 0, ticket, appendTime: timestamp }
    }
    const found = findings.checked
    const checked = found ? expectNoneRefused(found) : checkRecords(batch, config, now)
    if (checked === 'large') return checked
    const incoming = { count: recordCount, size: checked.valuesSize }
    this.#owner.admit?.(incoming)
    const latest = checked.maxTimestamp
    store.beginAtom()
    if (config.usesAppendTime) setAppendTime(batch, now)
    else if (latest !== maxTimestamp) setMaxTimestamp(batch, latest)
    const baseOffset = this.log.appendBatch(batch)
    if (producer?.isTransactional === true) {
      const appended = { first: baseOffset, last: this.log.endOffset - 1, size: incoming.size }
      this.#join(producer.producerId, appended, now)
    }
    if (checked.hasDeliveryHeaders) this.noteDeliveries(baseOffset)
    this.#owner.onAppended(incoming)
    const added = producer && this.#addProduced(producer, baseOffset, now)
    const ticket = store.endAtom()
    if (added !== undefined) added.ticket = ticket
    return { baseOffset, recordCount, ticket, appendTime }
  }

  /**
   * Stores batches of another broker, whose base offsets follow on the end of the log and on one another, and
   * whose bytes are the log's from now on. They have been checked, and what they replace is not asked. With
   * them the log keeps where it ends. Not within an atom.
   */
  copy(batches: readonly Buffer[], incoming: Incoming): Ticket | undefined {
    const { store } = this.#context
    const { endOffset } = this.log
    store.beginAtom()
    for (const batch of batches) this.log.appendBatch(batch)
    // Nobody has looked into them.
    if (batches.length > 0) this.noteDeliveries(endOffset)
    this.#owner.onAppended(incoming)
    this.copiedEnd = this.log.endOffset
    store.putState(copiedKey(this.log), encodeCopiedEnd(this.copiedEnd), this.log)
    return store.endAtom()
  }

  /**
   * Records from `first` to the end of the log may say when they are to be delivered. In a topic: queues look at
   * every message. Within an atom.
   */
  noteDeliveries(first: number): void {
    if (!this.#owner.showsAborted) return
    this.deliveries.add(first, this.log.endOffset - 1, this.#context.store)
  }

  /** Up to where it has the messages of a sequence. */
  sentEnd(sequence: string): number {
    return this.sent?.sequence === sequence ? this.sent.next : 0
  }

  /** The messages of a sequence below `next` are there. Within the atom that appends them. */
  noteSent(sequence: string, next: number): void {
    if (this.sentEnd(sequence) >= next) return
    this.sent = { sequence, next, ticket: undefined }
    this.#context.store.putState(sentKey(this.log.id), encodeSent(this.sent), this.log)
  }

  /** What queues of other cells still need of it. */
  get hold(): Hold {
    return (this.#hold ??= new Hold(this.log, this.#context.store))
  }

  /** Queues of other cells need records from `floor` on; undefined for none. Within an atom. */
  holdFrom(floor: number | undefined): void {
    if (floor !== undefined) this.hold.moveTo(floor)
    else this.#hold?.release()
  }

  /**
   * Ends the transaction of a producer with a marker. Whoever reads messages passes over what was aborted. False
   * when it has none open here, or a later coordinator has ended one of its. Within an atom.
   */
  endTransaction(outcome: TransactionOutcome): boolean {
    const { producerId, epoch, isCommit, coordinatorEpoch } = outcome
    const { transactions, log } = this
    const open = transactions?.find(producerId)
    if (transactions === undefined || open === undefined) return false
    if (coordinatorEpoch < this.producers.coordinatorEpochOf(producerId)) return false
    const { store, clock } = this.#context
    const timestamp = clock.now()
    const marker = encodeEndMarker({ ...outcome, producerEpoch: epoch, timestamp })
    const lastOffset = log.appendBatch(marker)
    transactions.remove(producerId)
    this.producers.endTransaction(outcome, timestamp)
    this.#keepProducer(producerId)
    const { firstUnstable } = transactions
    if (!isCommit) {
      const { firstOffset } = open
      const stableOffset = Math.min(firstUnstable, lastOffset + 1)
      transactions.aborted.add({ producerId, firstOffset, lastOffset, stableOffset }, store)
    }
    this.#ackUnseen(lastOffset, isCommit ? [] : (open.ranges ?? []))
    log.unstableFrom = firstUnstable
    this.#owner.onTransactionEnded?.(isCommit ? 0 : open.size)
    return true
  }

  /** Its producers are known again, and of the transactions that were aborted `chunks`, in their order. */
  restoreTransactions(chunks: readonly { readonly chunk: number; readonly value: Buffer }[]): void {
    const open = [...this.producers.transactions()]
    if (open.length === 0 && chunks.length === 0) return
    const transactions = this.#beginTransactions()
    for (const { chunk, value } of chunks) transactions.aborted.restore(chunk, value)
    for (const { producerId, firstOffset, startedMs } of open) {
      transactions.restore(producerId, firstOffset, startedMs)
    }
    this.log.unstableFrom = transactions.firstUnstable
    this.#owner.onTransactionEnded?.(0)
    this.onDurable()
    if (open.length === 0 || !this.#hasQueue) return
    this.restoring = this.#findRestored(transactions)
  }

  async #findRestored(transactions: PartitionTransactions): Promise<void> {
    try {
      await findRestoredRanges(this.#context.store, this.log, transactions)
    } catch {
      // The disk is ill, or the broker stops: they count until somebody comes to them.
    } finally {
      this.restoring = undefined
    }
  }

  /** A batch was refused for a reason of the broker's own: those that its producer sent after it wait for it. */
  noteFailed(batch: Buffer): void {
    const producer = claimedProducer(batch)
    if (producer !== undefined) this.producers.noteFailed(producer, this.#context.clock.now())
  }

  /** Forgets producers that have been silent for long, and the oldest of too many. */
  expireProducers(): void {
    const { store, clock, ownSettings } = this.#context
    const setMs = ownSettings.get('producer.id.expiration.ms')
    const before = clock.now() - Number(setMs ?? topicLimits.producerIdExpirationMs)
    const expired = this.producers.expire(before, topicLimits.producersPerPartitionMax)
    if (expired.length === 0 && this.transactions === undefined) return
    store.beginAtom()
    for (const producerId of expired) store.putState(this.#stateKey(producerId), undefined)
    this.transactions?.aborted.forgetBelow(this.log.startOffset, store)
    store.endAtom()
  }

  /** The log is gone: what is kept beside it goes, too. Within an atom. */
  forget(): void {
    for (const producerId of this.producers.expire(Infinity, 0)) {
      this.#context.store.putState(this.#stateKey(producerId), undefined)
    }
    if (this.#compaction !== undefined) {
      this.#context.store.putState(rewrittenKey(this.log.id), undefined)
    }
    this.transactions?.aborted.clear(this.#context.store)
    this.deliveries.forget(this.#context.store)
    this.#hold?.release()
    if (this.sent !== undefined) this.#context.store.putState(sentKey(this.log.id), undefined)
    if (this.copiedEnd > 0) this.#context.store.putState(copiedKey(this.log), undefined)
    this.leave()
  }

  /** It goes, and whoever waits for its records is told. The log may live on. */
  leave(): void {
    this.isGone = true
    this.onDurable()
  }

  /** Calls back whenever records become durable, and when the partition is gone. */
  addListener(listener: DurableListener): void {
    const others = this.#listeners
    if (others === undefined || others === listener) this.#listeners = listener
    else if (others instanceof Set) others.add(listener)
    else this.#listeners = new Set([others, listener])
    this.log.origin?.onWanted()
  }

  /** Somebody waits for records. */
  get isListenedTo(): boolean {
    return this.#listeners instanceof Set ? this.#listeners.size > 0 : this.#listeners !== undefined
  }

  removeListener(listener: DurableListener): void {
    const listeners = this.#listeners
    if (listeners === listener) this.#listeners = undefined
    else if (listeners instanceof Set) listeners.delete(listener)
  }

  onDurable(): void {
    const listeners = this.#listeners
    if (listeners === undefined) return
    if (!(listeners instanceof Set)) listeners()
    // One that removes and adds itself would be visited for ever.
    else Array.from(listeners).forEach((listener) => listener())
  }

  #join(producerId: number, appended: AppendedBatch, now: number): void {
    const transactions = this.transactions ?? this.#beginTransactions()
    transactions.add(producerId, appended, now)
    this.log.unstableFrom = transactions.firstUnstable
  }

  #beginTransactions(): PartitionTransactions {
    const transactions = new PartitionTransactions(this.log.id)
    this.transactions = transactions
    this.log.hides = (run) => transactions.isAborted(run)
    return transactions
  }

  /** Somebody counts what it has not acked. */
  get #hasQueue(): boolean {
    return cursorsOf(this.log).some((cursor) => !this.#showsAll(cursor))
  }

  /** Its readers pass over what was aborted by themselves: that of a topic, and those of share groups. */
  #showsAll(cursor: LogCursor): boolean {
    return cursor.isSelective || (this.#owner.showsAborted && cursor === this.cursor)
  }

  /** Whoever counts what it has not acked must not count what it will never see. */
  #ackUnseen(markerOffset: number, aborted: readonly OffsetRange[]): void {
    for (const cursor of cursorsOf(this.log)) {
      if (this.#showsAll(cursor)) continue
      for (const { first, last } of aborted) cursor.ackRange(first, last)
      cursor.ack(markerOffset)
    }
  }

  #addProduced(producer: ProducedBatch, baseOffset: number, timestamp: number): KnownBatch {
    const { firstSequence, lastSequence } = producer
    const added = { firstSequence, lastSequence, baseOffset, timestamp, ticket: undefined }
    this.producers.add(producer, added)
    this.#keepProducer(producer.producerId)
    return added
  }

  /** Without room for it the producer is remembered until the broker ends, which is better than none. */
  #keepProducer(producerId: number): void {
    const { log, producers } = this
    this.#context.store.putState(this.#stateKey(producerId), producers.encode(producerId), log)
  }

  #stateKey(producerId: number): string {
    return `${stateKeyPrefix}${this.log.id}/${producerId}`
  }
}

function copiedKey({ id }: Log): string {
  return `${copiedKeyPrefix}${id}`
}

function encodeCopiedEnd(offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  writeInt64(bytes, 0, offset)
  return bytes
}

/** What `Partition.copy` has kept of a log; undefined for other keys. */
export function parseCopied(
  key: string,
  value: Buffer,
): { logId: number; copiedEnd: number } | undefined {
  if (!key.startsWith(copiedKeyPrefix)) return undefined
  return { logId: Number(key.slice(copiedKeyPrefix.length)), copiedEnd: readInt64(value, 0) }
}

/** Which log and producer a key of the log's keyed state is for; undefined for other keys. */
export function parseProducerKey(key: string): { logId: number; producerId: number } | undefined {
  if (!key.startsWith(stateKeyPrefix)) return undefined
  const [logId, producerId] = key.slice(stateKeyPrefix.length).split('/').map(Number)
  return { logId: logId as number, producerId: producerId as number }
}
