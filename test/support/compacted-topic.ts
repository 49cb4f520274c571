// A compacted topic of one partition in memory, on a clock that the test moves.
import assert from 'node:assert/strict'
import { Broker } from '../../src/broker/broker.ts'
import { Compaction } from '../../src/broker/compaction/compaction.ts'
import type { Partition } from '../../src/broker/topic/partition.ts'
import { Retention } from '../../src/broker/topic/retention.ts'
import { BatchJobs } from '../../src/crossing/batch-jobs.ts'
import { BatchWorker } from '../../src/crossing/batch-worker.ts'
import { OpenedBatch } from '../../src/crossing/opened-batch.ts'
import type { StartBatchThread } from '../../src/crossing/start-batch-thread.ts'
import { toKafkaBatch } from '../../src/crossing/to-kafka-batch.ts'
import { Turn } from '../../src/lib/turn.ts'
import { recordLimits } from '../../src/limits/record.ts'
import type { LogCursor } from '../../src/log/log-cursor.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import type { Run } from '../../src/log/run.ts'
import { type BatchOptions, RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { type BatchHeader, readBatchHeader } from '../../src/record/batch/batch-header.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { table } from '../../src/record/message/field-table.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import './load-late-parts.ts'

export const dayMs = 86_400_000
const segmentMs = 1000
/** What does not end after so many turns waits for the clock. */
const roundsMax = 20

/** Key and value; null is a tombstone. */
export type Pair = readonly [string | null, string | null]

interface ProduceOptions {
  /** Part of a transaction of that producer. */
  readonly isTransactional?: boolean
  readonly producer?: Pick<BatchOptions, 'producerId' | 'producerEpoch' | 'baseSequence'>
  readonly compression?: BatchOptions['compression']
}

/** A thread that answers in the next turn of Node. */
export const threadInProcess: StartBatchThread = ({ onResult }) => {
  const jobs = new BatchJobs()
  let isOver = false
  return {
    post: (job) => {
      const result = jobs.perform(structuredClone(job))
      setImmediate(() => {
        if (!isOver) onResult(result)
      })
    },
    terminate: () => {
      isOver = true
    },
  }
}

export class CompactedTopic {
  readonly clock: VirtualClock
  readonly partition: Partition
  readonly compaction: Compaction
  readonly #store: MemoryLogStore
  readonly #retention: Retention

  constructor(parts: {
    clock: VirtualClock
    store: MemoryLogStore
    partition: Partition
    compaction: Compaction
    retention: Retention
  }) {
    this.clock = parts.clock
    this.#store = parts.store
    this.partition = parts.partition
    this.compaction = parts.compaction
    this.#retention = parts.retention
  }

  now(): number {
    return this.clock.now()
  }

  advance(ms: number): void {
    this.clock.advance(ms)
  }

  /** One batch, whose records have times one after the other. */
  async produce(pairs: readonly Pair[], options: ProduceOptions = {}): Promise<void> {
    const builder = new RecordBatchBuilder(0)
    for (const [offset, [key, value]] of pairs.entries()) {
      builder.append({
        offset,
        timestamp: this.now() + offset,
        key: key === null ? null : Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
        headers: [],
      })
    }
    const { producer = {}, compression = 'none', isTransactional = false } = options
    this.partition.produce(builder.finish({ ...producer, compression, isTransactional }))
    await this.#settled()
  }

  /** Ends the transaction of a producer with a marker. */
  async endTransaction(producerId: number, isCommit: boolean): Promise<void> {
    this.#store.beginAtom()
    this.partition.endTransaction({ producerId, epoch: 0, isCommit, coordinatorEpoch: 0 })
    this.#store.endAtom()
    await this.#settled()
  }

  /** A message through an exchange: its routing key is its key. `null`: a tombstone. */
  publish(routingKey: string, text: string | null): void {
    const body = Buffer.from(text ?? '')
    const headers = text === null ? { headers: table({ 'x-tombstone': true }) } : {}
    const header = encodeContentHeader(body.length, headers)
    const source = sourceFrom({ address: encodeAddress('exchange', routingKey), header, body })
    this.#store.beginAtom()
    this.partition.log.append(source, -1)
    this.#store.endAtom()
    this.clock.endTurn()
  }

  /** As a queue with the topic as its source has one. */
  addCursor(offset: number): LogCursor {
    this.#store.beginAtom()
    const cursor = this.#store.createCursor(this.partition.log, offset)
    this.#store.endAtom()
    return cursor
  }

  /** After all that is there has left the active part of a topic with `segment.ms` of a second. */
  async compact(): Promise<void> {
    this.advance(segmentMs)
    await this.compactNow()
  }

  compactNow(): Promise<void> {
    return this.#pump(this.compaction.run())
  }

  async retain(): Promise<void> {
    // It may have begun by itself, at an earlier time.
    await this.#settled()
    return this.#pump(this.#retention.run())
  }

  /** Of all batches as Kafka's clients see them. */
  headers(): Promise<BatchHeader[]> {
    return this.#settled().then(() => this.#batches().map((batch) => readBatchHeader(batch)))
  }

  /** Offset, key and value of each record; a tombstone is a key alone. */
  records(): Promise<string[]> {
    return this.#each(({ offset, key, value }) => {
      const text = `${offset} ${key === null ? 'null' : key.toString()}`
      return value === null ? text : `${text}=${value.toString()}`
    })
  }

  timestamps(): Promise<number[]> {
    return this.#each(({ timestamp }) => timestamp)
  }

  async #each<T>(show: (record: ShownRecord) => T): Promise<T[]> {
    await this.#settled()
    const shown: T[] = []
    for (const bytes of this.#batches()) {
      const batch = new OpenedBatch(bytes, recordLimits.decompressedSizeMax)
      for (let isMore = batch.goTo(this.partition.startOffset); isMore; isMore = batch.advance()) {
        const { offset, timestamp } = batch.record
        shown.push(
          show({ offset, timestamp, key: batch.record.key(), value: batch.record.value() }),
        )
      }
    }
    return shown
  }

  #batches(): Buffer[] {
    const { log, startOffset } = this.partition
    const runs = this.#store.readRuns(log, startOffset, Infinity) as readonly Run[]
    return runs.map((run) => {
      return run.isForeign ? run.bytes() : (toKafkaBatch(log, run) as Buffer)
    })
  }

  async #settled(): Promise<void> {
    this.clock.endTurn()
    await new Promise<void>((resolve) => void setImmediate(resolve))
    this.clock.endTurn()
  }

  /** Time passes only for what waits a moment. */
  async #pump(work: Promise<void>): Promise<void> {
    const state = { isDone: false }
    const done = work.then(() => (state.isDone = true))
    for (let round = 1; !state.isDone; round++) {
      await this.#settled()
      if (round % roundsMax > 0) continue
      const waitMs = this.clock.nextDueMs - this.clock.monotonic()
      if (waitMs < segmentMs) this.clock.advance(waitMs)
    }
    await done
    await this.#settled()
  }
}

interface ShownRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** A thread for batches as a broker has one, for all of its cells. */
export function workerOn(clock: VirtualClock): BatchWorker {
  return new BatchWorker(clock, threadInProcess)
}

/** With these settings beside `cleanup.policy`, on a broker with those; `worker`: one that others use as well. */
export async function compactedTopic(
  configs: Record<string, string>,
  brokerSettings: Record<string, string> = {},
  worker?: BatchWorker,
): Promise<CompactedTopic> {
  const clock = new VirtualClock()
  const turn = new Turn(clock)
  const store = new MemoryLogStore({ clock, turn })
  const random = seededRandom(1)
  const onDamaged = (): void => undefined
  const broker = new Broker({ store, turn, clock, random, vhosts: [], onDamaged })
  // Only the test says when.
  const never = { 'log.cleaner.backoff.ms': String(2 ** 40) }
  broker.settings.put('broker', '', { ...never, ...brokerSettings })
  const topics = broker.topicsOf(broker.getVHost('/'))
  const { topic } = topics.create({
    name: 'compacted',
    partitionCount: 1,
    configs: { 'cleanup.policy': 'compact', ...configs },
    isProvisional: false,
  })
  const onTrouble = (_owner: unknown, error: Error): void => assert.fail(error)
  const shared = { store, clock, topics: () => broker.topics(), onTrouble }
  const compaction = new Compaction({
    ...shared,
    random,
    slices: broker.slices,
    worker: worker ?? workerOn(clock),
    settings: broker.ownSettings,
    counters: broker.counters.compaction,
  })
  const partition = topic.partitions[0]!
  const retention = new Retention(shared)
  const compacted = new CompactedTopic({ clock, store, partition, compaction, retention })
  await new Promise<void>((resolve) => void setImmediate(resolve))
  return compacted
}
