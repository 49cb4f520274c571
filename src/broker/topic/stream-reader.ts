// One stream consumer's place in one partition. It reads durable records only, in pieces of its own,
// so readers at different places do not disturb each other.
//
// Lifecycle: starting (its first offset is being looked up) → ready ⇄ busy (records come from the
// disk, or none are there yet) → closed.
import { topicLimits } from '../../limits/topic.ts'
import { AckedOffsets } from '../../log/acked-offsets.ts'
import type { Log } from '../../log/log.ts'
import type { Run } from '../../log/run.ts'
import { stableRuns } from '../../log/stable-runs.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { ConsumedCounts } from '../counters/consumed-counts.ts'
import type { DeliveryHolder, SettleReason } from '../unacked-deliveries.ts'
import type { Partition } from './partition.ts'
import type { RecordFilter, StreamContext } from './stream-context.ts'
import type { StreamStart } from './stream-start.ts'
import type { Topic } from './topic.ts'

/** The consumer that reads a stream, over all of its partitions. */
export interface StreamReaderOwner {
  readonly context: StreamContext
  readonly topic: Topic
  /** The broker remembers how far a consumer with a name has come. */
  readonly name: string | undefined
  /** Whether it wants a record; undefined: it wants all. */
  readonly accepts: RecordFilter | undefined
  /** See `DeliveryHolder`. */
  readonly ackTimeoutMs: number
  /** See `StreamOptions`. */
  readonly counts: ConsumedCounts | undefined
  unackedCount: number
  settledCount: number
  /** Records that may still be passed over in this turn. */
  skipsLeft: number
  /** There is something to read. */
  schedule(): void
  /** There may be room again. */
  resume(): void
  /** Records cannot be read: going on would skip some of them silently. */
  fail(offset: number, error: Error): void
}

const noRuns: readonly Run[] = []

export class StreamReader implements DeliveryHolder {
  readonly index: number
  readonly #consumer: StreamReaderOwner
  readonly #partition: Partition
  readonly #log: Log
  /** Next offset to deliver. */
  #next = 0
  /** Records before this time are passed over until the first that is not. */
  #timestampMin = Number.NEGATIVE_INFINITY
  /** Those from `#runIndex` on are retained. */
  #runs: readonly Run[] = noRuns
  #runIndex = 0
  /** The last one that it has left, retained while its last record is being delivered. */
  #left: Run | undefined
  /** In the messages with this base offset: a large batch comes in parts. */
  #position = batchHeaderSize
  #partBase = -1
  #isBusy = true
  #isClosed = false
  /** What is settled, for consumers with a name. */
  #settled: AckedOffsets | undefined
  /** Everything below was delivered or does not exist. */
  #deliveredEnd = 0

  constructor(consumer: StreamReaderOwner, partition: Partition, index: number) {
    this.#consumer = consumer
    this.#partition = partition
    this.#log = partition.log
    this.index = index
  }

  get ackTimeoutMs(): number {
    return this.#consumer.ackTimeoutMs
  }

  /** Looks the first offset up. */
  open(start: StreamStart): void {
    const { origin } = this.#log
    if (origin === undefined) this.#begin(start)
    else {
      // Where it ends only the origin knows.
      origin.refresh().then(() => this.#begin(start), this.#onFailed)
    }
  }

  #begin(start: StreamStart): void {
    switch (start.kind) {
      case 'first':
        this.#startAt(this.#partition.startOffset)
        return
      case 'next':
        this.#startAt(this.#log.endOffset)
        return
      case 'offset':
        this.#startAt(start.offset)
        return
      case 'last':
        this.#openLast()
        return
      default:
        this.#openAtTime(start.timestamp)
    }
  }

  /**
   * Fills `view` with the next record that is wanted; false when none is there, and the consumer is
   * told later, or when it has passed over enough for one turn.
   */
  read(view: RecordView): boolean {
    while (!this.#isBusy && !this.#isClosed && this.#consumer.skipsLeft > 0) {
      // Records may be deleted up to the middle of a run.
      this.#next = Math.max(this.#next, this.#partition.startOffset)
      const run = this.#runs[this.#runIndex]
      if (run === undefined) this.#refill()
      else if (this.#readFrom(run, view)) return true
    }
    return false
  }

  /** The record that `read` found is needed no more: its run may have been the last one's. */
  onDelivered(): void {
    const left = this.#left
    this.#left = undefined
    left?.release()
  }

  /** A stream delivers nothing twice, so a requeued message only makes room for others. */
  settle(offset: number, reason: SettleReason): void {
    this.#consumer.unackedCount--
    this.#consumer.settledCount++
    if (reason === 'ack') {
      const { counters } = this.#consumer.topic
      counters.acked++
      if (this.#consumer.counts !== undefined) counters.onAckedByOther(this.#consumer.counts)
    }
    if (reason === 'ack' || reason === 'reject') {
      this.#settled?.ack(offset)
      this.#remember()
    }
    this.#consumer.resume()
  }

  close(): void {
    this.#isClosed = true
    this.#releaseRuns()
    this.#partition.removeListener(this.#onDurable)
  }

  #startAt(offset: number): void {
    if (this.#isClosed) return
    this.#next = offset
    this.#deliveredEnd = offset
    this.#isBusy = false
    if (this.#consumer.name !== undefined) {
      this.#settled = new AckedOffsets()
      this.#settled.forgetBelow(offset)
      this.#consumer.context.offsets.set(this.#log, this.#consumer.name, offset)
    }
    this.#consumer.schedule()
  }

  #openLast(): void {
    const end = this.#log.stableEnd
    const found = this.#readRuns(end - 1, 0)
    const start = (runs: readonly Run[]): void => {
      for (const run of runs) run.release()
      this.#startAt(runs[0]?.baseOffset ?? end)
    }
    if (Array.isArray(found)) start(found as readonly Run[])
    else (found as Promise<readonly Run[]>).then(start).catch(this.#onFailed)
  }

  #openAtTime(timestamp: number): void {
    const end = this.#log.stableEnd
    const found = this.#consumer.context.store.findRunByTimestamp(this.#log, timestamp)
    found
      .then((run) => {
        if (run !== undefined) this.#timestampMin = timestamp
        run?.release()
        this.#startAt(run?.baseOffset ?? end)
      })
      .catch(this.#onFailed)
  }

  #readFrom(run: Run, view: RecordView): boolean {
    const messages = this.#messagesOf(run)
    if (messages === undefined) return false
    const { accepts } = this.#consumer
    while (this.#position < messages.size) {
      const position = this.#position
      const after = this.#log.readFrom(messages, position, view)
      if (view.offset < this.#next || view.timestamp < this.#timestampMin) {
        this.#position = position + recordSizeAt(messages.buffer, position)
        this.#next = Math.max(this.#next, view.offset + 1)
        continue
      }
      if (accepts !== undefined && !accepts(view)) {
        this.#position = position + recordSizeAt(messages.buffer, position)
        this.#next = view.offset + 1
        if (--this.#consumer.skipsLeft === 0) return false
        continue
      }
      if (after < 0 && !this.#readLargeBody(view)) return false
      this.#position = position + recordSizeAt(messages.buffer, position)
      this.#advancePast(view.offset)
      if (this.#position >= messages.size) this.#leavePart(run, messages)
      return true
    }
    this.#leavePart(run, messages)
    return false
  }

  /** The messages in which the next one is; undefined when they have to be made first. */
  #messagesOf(run: Run): Run | undefined {
    const offset = Math.max(this.#next, run.baseOffset)
    const messages = this.#log.messagesOf(run, offset)
    if (messages === undefined) {
      this.#isBusy = true
      this.#log.prepareMessages(run, offset, () => this.#onReady())
    } else if (messages.baseOffset !== this.#partBase) {
      this.#partBase = messages.baseOffset
      this.#position = batchHeaderSize
    }
    return messages
  }

  #leavePart(run: Run, messages: Run): void {
    this.#next = Math.max(this.#next, messages.lastOffset + 1)
    if (messages.lastOffset >= run.lastOffset) this.#leaveRun()
  }

  /** A consumer that now waits for acks or for records keeps none of what it has read in memory. */
  #leaveRun(): void {
    this.onDelivered()
    this.#left = this.#runs[this.#runIndex++]
    this.#partBase = -1
    if (this.#runIndex >= this.#runs.length) this.#runs = noRuns
  }

  /** The body is in a file of its own; brings it when it is not in memory. */
  #readLargeBody(view: RecordView): boolean {
    const log = this.#log
    const { offset } = view
    const reading = log.read(offset, view)
    const found = typeof reading === 'object' ? reading.offset : view.offset
    if (reading === 'end' || found !== offset) {
      // It is lost. What comes after it is looked at as any other record.
      this.#next = offset + 1
      return false
    }
    if (reading === 'record') return true
    this.#isBusy = true
    this.#consumer.context.store.load(log, reading, (error) => {
      if (error !== undefined) this.#next = offset + 1
      this.#onReady()
    })
    return false
  }

  #advancePast(offset: number): void {
    // What does not exist needs no ack.
    this.#settled?.ackRange(this.#deliveredEnd, offset - 1)
    this.#deliveredEnd = offset + 1
    this.#next = offset + 1
    this.#timestampMin = Number.NEGATIVE_INFINITY
    this.#consumer.unackedCount++
  }

  /** Those that it has not left. */
  #releaseRuns(): void {
    const runs = this.#runs.slice(this.#runIndex)
    this.#runs = noRuns
    for (const run of runs) run.release()
  }

  #refill(): void {
    this.#releaseRuns()
    const end = this.#log.stableEnd
    if (this.#next >= end) {
      this.#isBusy = true
      this.#partition.addListener(this.#onDurable)
      return
    }
    const found = this.#readRuns(this.#next, topicLimits.streamReadSizeMax)
    if (Array.isArray(found)) {
      this.#take(found as readonly Run[], end)
      return
    }
    this.#isBusy = true
    const take = (runs: readonly Run[]): void => {
      this.#take(runs, end)
      this.#onReady()
    }
    ;(found as Promise<readonly Run[]>).then(take, this.#onFailed)
  }

  #readRuns(offset: number, sizeMax: number): readonly Run[] | Promise<readonly Run[]> {
    const { store } = this.#consumer.context
    const found = store.readRuns(this.#log, offset, sizeMax)
    if (this.#log.origin === undefined || !(found instanceof Promise)) return found
    // Its leader is away.
    return found.catch((error: unknown) => {
      if (this.#isClosed || this.#log.isDeleted) throw error
      return this.#readRuns(offset, sizeMax)
    })
  }

  /** `end` is where the log ended when the runs were asked for. */
  #take(runs: readonly Run[], end: number): void {
    this.#runs = stableRuns(this.#log, runs)
    this.#runIndex = 0
    if (this.#isClosed) return this.#releaseRuns()
    this.#partBase = -1
    if (this.#runs.length === 0) this.#next = end
  }

  #onReady(): void {
    this.#isBusy = false
    if (!this.#isClosed) this.#consumer.schedule()
  }

  #remember(): void {
    const { name, context } = this.#consumer
    if (name === undefined || this.#settled === undefined) return
    context.offsets.raise(this.#log, name, this.#settled.floor)
  }

  readonly #onDurable = (): void => {
    this.#partition.removeListener(this.#onDurable)
    this.#onReady()
  }

  readonly #onFailed = (error: unknown): void => {
    if (this.#isClosed) return
    this.#consumer.fail(this.#next, error as Error)
  }
}
