// An idempotent producer as the Java client and librdkafka are: five requests on their way on one
// connection, each batch numbered once; after a crash everything unanswered is sent again in order.

import { RecordBatchBuilder } from '../../../src/record/batch/batch-builder.ts'
import type { CompressionName } from '../../../src/record/batch/compression.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'
import { type PlannedRecord, valueOf } from './planned-record.ts'
import type { BaseOffsets, Send } from './record-ledger.ts'
import type { Sender, SenderTarget } from './sender.ts'

interface Unanswered {
  readonly request: object
  resolve(offsets: BaseOffsets): void
  reject(error: Error): void
}

interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

const produceVersion = 9
const reconnectMs = 60_000
/** Those that kafkajs can read. */
const codecs: readonly CompressionName[] = ['none', 'none', 'gzip']

export class PipelinedSender implements Sender {
  readonly inFlightMax = 5
  readonly #target: SenderTarget
  #client: KafkaRawClient
  readonly #producer: Producer
  /** Partition → number of its next batch's first record. */
  readonly #sequences = new Map<number, number>()
  /** In the order in which they were sent. */
  readonly #unanswered: Unanswered[] = []
  #isConnected = true
  #isClosed = false

  private constructor(target: SenderTarget, client: KafkaRawClient, producer: Producer) {
    this.#target = target
    this.#client = client
    this.#producer = producer
  }

  static async open(target: SenderTarget): Promise<PipelinedSender> {
    const client = await KafkaRawClient.connect(target.port)
    const answer = await client.call('initProducerId', {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    })
    const { producerId = -1, producerEpoch } = answer
    return new PipelinedSender(target, client, { producerId, producerEpoch })
  }

  send({ batches, sentAt }: Send): Promise<BaseOffsets> {
    const compression = codecs[sentAt % codecs.length] as CompressionName
    const partitionData = [...batches].map(([index, records]) => ({
      index,
      records: this.#encode(index, records, compression),
    }))
    const topicData = [{ name: this.#target.topic, partitionData }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
    return new Promise((resolve, reject) => {
      const unanswered = { request, resolve, reject }
      this.#unanswered.push(unanswered)
      if (this.#isConnected) void this.#transmit(unanswered)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#client[Symbol.asyncDispose]()
  }

  #encode(
    partition: number,
    records: readonly PlannedRecord[],
    compression: CompressionName,
  ): Buffer {
    const builder = new RecordBatchBuilder(0)
    for (const [offset, record] of records.entries()) {
      builder.append({
        offset,
        timestamp: Date.now(),
        key: null,
        value: valueOf(record),
        headers: [],
      })
    }
    const baseSequence = this.#sequences.get(partition) ?? 0
    this.#sequences.set(partition, baseSequence + records.length)
    return builder.finish({ compression, baseSequence, ...this.#producer })
  }

  async #transmit(unanswered: Unanswered): Promise<void> {
    const client = this.#client
    try {
      const answer = await client.call('produce', unanswered.request as never, produceVersion)
      this.#unanswered.splice(this.#unanswered.indexOf(unanswered), 1)
      const answers = answer.responses.flatMap(({ partitionResponses }) => partitionResponses)
      const refused = answers.find(({ errorCode }) => errorCode !== 0)
      if (refused === undefined) {
        unanswered.resolve(new Map(answers.map(({ index, baseOffset }) => [index, baseOffset])))
      } else {
        const { index, errorCode, errorMessage } = refused
        unanswered.reject(new Error(`partition ${index}: error ${errorCode} ${errorMessage ?? ''}`))
      }
    } catch {
      if (client === this.#client && this.#isConnected) await this.#reconnect()
    }
  }

  async #reconnect(): Promise<void> {
    this.#isConnected = false
    const connect = async (): Promise<KafkaRawClient | undefined> =>
      this.#isClosed
        ? this.#client
        : KafkaRawClient.connect(this.#target.port).catch(() => undefined)
    this.#client = await waitFor('the broker takes connections', connect, reconnectMs)
    if (this.#isClosed) return
    this.#isConnected = true
    for (const unanswered of this.#unanswered) void this.#transmit(unanswered)
  }
}
