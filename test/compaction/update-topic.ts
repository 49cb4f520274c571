// A compacted topic as a client sees it: it is written to as fast as the broker takes it, and read whole.
import assert from 'node:assert/strict'
import { OpenedBatch } from '../../src/crossing/opened-batch.ts'
import { recordLimits } from '../../src/limits/record.ts'
import { batchField, batchHeaderSize, lastOffsetOf } from '../../src/record/batch/batch-header.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import type { UpdateStream } from './update-stream.ts'

/** The newest versions that name topics. */
const producedByName = 12
const fetchedByName = 12
const inFlightMax = 5
const fetchSize = 8 * 2 ** 20

export interface LeftRecord {
  readonly key: string
  readonly offset: number
}

export class UpdateTopic implements AsyncDisposable {
  readonly #name: string
  readonly #producer: KafkaRawClient
  readonly #reader: KafkaRawClient

  private constructor(name: string, producer: KafkaRawClient, reader: KafkaRawClient) {
    this.#name = name
    this.#producer = producer
    this.#reader = reader
  }

  /** Creates it, with one partition. */
  static async create(
    port: number,
    name: string,
    configs: Readonly<Record<string, string>>,
  ): Promise<UpdateTopic> {
    const [producer, reader] = [
      await KafkaRawClient.connect(port),
      await KafkaRawClient.connect(port),
    ]
    const topic = {
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }
    const request = { topics: [topic], timeoutMs: 5000, validateOnly: false }
    const { topics } = await producer.call('createTopics', request)
    assert.equal(topics[0]?.errorCode, 0, topics[0]?.errorMessage ?? '')
    return new UpdateTopic(name, producer, reader)
  }

  /** Sends batches of a stream, some in flight at a time, until it has sent so many records. */
  async produce(updates: UpdateStream, endOffset: number): Promise<void> {
    const inFlight = new Set<Promise<void>>()
    while (updates.endOffset < endOffset) {
      const sent = this.#send(updates.endOffset, updates.next(Date.now()))
      inFlight.add(sent)
      void sent.finally(() => inFlight.delete(sent))
      if (inFlight.size >= inFlightMax) await Promise.race(inFlight)
    }
    await Promise.all(inFlight)
  }

  /** Sends a few, as a slow producer does. */
  async produceFew(updates: UpdateStream): Promise<void> {
    await this.#send(updates.endOffset, updates.few(Date.now()))
  }

  async #send(baseOffset: number, records: Buffer): Promise<void> {
    const partitionData = [{ index: 0, records }]
    const topicData = [{ name: this.#name, topicId: '', partitionData }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
    const { responses } = await this.#producer.call('produce', request, producedByName)
    const answer = responses[0]?.partitionResponses[0]
    assert.equal(answer?.errorCode, 0, 'a batch is taken')
    assert.equal(answer.baseOffset, baseOffset, 'nobody else writes')
    this.#producer.answers.length = 0
  }

  /** Everything that is there, up to what was there when it was asked for. */
  async readAll(): Promise<LeftRecord[]> {
    const left: LeftRecord[] = []
    for await (const batch of this.#batches()) {
      const opened = new OpenedBatch(batch, recordLimits.decompressedSizeMax)
      for (let isMore = opened.goTo(0); isMore; isMore = opened.advance()) {
        left.push({ key: String(opened.record.key()), offset: opened.record.offset })
      }
    }
    return left
  }

  /** How many records are there: cheaper than to read them. */
  async count(): Promise<number> {
    let count = 0
    for await (const batch of this.#batches()) count += batch.readInt32BE(batchField.recordCount)
    return count
  }

  async *#batches(): AsyncGenerator<Buffer> {
    for (let offset = 0; ;) {
      const { bytes, end } = await this.#fetch(offset)
      if (bytes.length === 0) return
      for (let at = 0; at + batchHeaderSize <= bytes.length;) {
        const size = 12 + bytes.readInt32BE(at + batchField.length)
        if (at + size > bytes.length) break
        const batch = bytes.subarray(at, at + size)
        at += size
        const last = lastOffsetOf(batch)
        if (last < offset) continue
        yield batch
        offset = last + 1
      }
      if (offset >= end) return
    }
  }

  async #fetch(fetchOffset: number): Promise<{ readonly bytes: Buffer; readonly end: number }> {
    const topic = fetchFromStart(this.#name, fetchSize)
    const partitions = topic.partitions.map((partition) => ({ ...partition, fetchOffset }))
    const rest = { maxWaitMs: 0, minBytes: 0, maxBytes: fetchSize }
    const request = fetchRequest([{ ...topic, partitions }], rest)
    const answer = await this.#reader.call('fetch', request, fetchedByName)
    this.#reader.answers.length = 0
    const found = answer.responses[0]?.partitions[0]
    assert.equal(found?.errorCode, 0)
    const records = found.records ?? []
    const bytes = Buffer.isBuffer(records) ? records : Buffer.concat(records)
    return { bytes, end: found.highWatermark }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer[Symbol.asyncDispose]()
    await this.#reader[Symbol.asyncDispose]()
  }
}
