// A broker in memory with its Kafka port, a raw client on it, and the calls that tests make most.
import assert from 'node:assert/strict'
import type { PartitionProduceResponse } from '../../src/codec/kafka/messages/produce.gen.ts'
import { crc32c } from '../../src/lib/crc32c.ts'
import { type BatchOptions, RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { type CompressionName } from '../../src/record/batch/compression.ts'
import { type RunningBroker, startBroker, type StartOptions } from '../../src/start-broker.ts'
import { KafkaRawClient } from './kafka-raw-client.ts'
import { otherPortsOff } from './other-ports-off.ts'

export interface TestRecord {
  readonly key?: string
  readonly value?: string | null
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** The newest version that names topics. */
const producedByName = 12

export class KafkaFixture implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaRawClient

  private constructor(broker: RunningBroker, client: KafkaRawClient) {
    this.broker = broker
    this.client = client
  }

  /** On the memory engine, unless `options` say otherwise; with a broker from elsewhere than the sources. */
  static async start(
    options: StartOptions = {},
    startOther: typeof startBroker = startBroker,
  ): Promise<KafkaFixture> {
    const broker = await startOther({
      storage: 'memory',
      ...otherPortsOff,
      amqpPort: 0,
      kafkaPort: 0,
      httpPort: 'off',
      ...options,
    })
    const port = broker.addresses['kafka']?.port ?? 0
    return new KafkaFixture(broker, await KafkaRawClient.connect(port))
  }

  get kafkaPort(): number {
    return this.broker.addresses['kafka']?.port ?? 0
  }

  get amqpUrl(): string {
    return `amqp://127.0.0.1:${this.broker.addresses['amqp']?.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
    await this.broker.close()
  }

  async createTopic(name: string, configs: Readonly<Record<string, string>> = {}): Promise<void> {
    const { topics } = await this.client.call('createTopics', {
      topics: [
        {
          name,
          numPartitions: 1,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    })
    assert.equal(topics[0]?.errorCode, 0, topics[0]?.errorMessage ?? '')
  }

  /** Produces one batch into partition 0. */
  async produce(
    topic: string,
    records: Buffer | null,
    apiVersion: number = producedByName,
  ): Promise<PartitionProduceResponse> {
    const partitionData = [{ index: 0, records }]
    const { responses } = await this.client.call(
      'produce',
      {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: topic, topicId: '', partitionData }],
      },
      apiVersion,
    )
    return responses[0]?.partitionResponses[0] as PartitionProduceResponse
  }

  /** What ListOffsets says of partition 0. */
  async findOffset(
    topic: string,
    timestamp: number,
  ): Promise<{ readonly offset: number; readonly timestamp: number }> {
    const { topics } = await this.client.call('listOffsets', {
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        { name: topic, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }] },
      ],
      timeoutMs: 0,
    })
    const found = topics[0]?.partitions[0]
    assert.equal(found?.errorCode, 0)
    return { offset: found?.offset ?? -1, timestamp: found?.timestamp ?? -1 }
  }
}

/** Who an idempotent producer's batch is from. */
export type BatchProducer = Pick<
  BatchOptions,
  'producerId' | 'producerEpoch' | 'baseSequence' | 'isTransactional'
>

/** One batch of these records. */
export function batchOfRecords(
  records: readonly TestRecord[],
  compression: CompressionName = 'none',
  producer: BatchProducer = {},
): Buffer {
  const builder = new RecordBatchBuilder(0)
  for (const [
    offset,
    { key, value = 'v', timestamp = Date.now(), headers = {} },
  ] of records.entries()) {
    builder.append({
      offset,
      timestamp,
      key: key === undefined ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: Object.entries(headers).map(([name, text]) => {
        return { key: Buffer.from(name), value: Buffer.from(text) }
      }),
    })
  }
  return builder.finish({ compression, ...producer })
}

/** Changes a batch and makes its CRC right again. */
export function patched(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch)
  change(copy)
  copy.writeUInt32BE(crc32c(copy.subarray(21)), 17)
  return copy
}
