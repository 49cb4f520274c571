// The innocent client beside the fuzzed ones: it produces with a producer id, reads each batch back,
// commits, and notes how long each round took. At the end everything acked must still be there.
import assert from 'node:assert/strict'
import { RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { valuesOf } from '../support/values-of-batches.ts'

const topic = 'honest'
const group = 'honest-group'
const produceVersion = 9
const fetchVersion = 12
const recordsPerBatch = 3
const sizeMax = 2 ** 20
const codecs = ['none', 'zstd', 'lz4', 'gzip', 'snappy'] as const

export class HonestClient implements AsyncDisposable {
  /** Longest time that a round of produce, fetch and commit took, in milliseconds. */
  slowestMs = 0
  rounds = 0
  readonly #client: KafkaRawClient
  #producerId = -1
  #sequence = 0
  #offset = 0

  private constructor(client: KafkaRawClient) {
    this.#client = client
  }

  static async start(port: number, login?: Buffer): Promise<HonestClient> {
    const client = await connect(port, login)
    const honest = new HonestClient(client)
    const { topics } = await client.call('createTopics', {
      topics: [
        { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    })
    assert.equal(topics[0]?.errorCode, 0)
    const { producerId } = await client.call('initProducerId', {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    })
    honest.#producerId = producerId ?? -1
    return honest
  }

  /** Returns its id; it has two partitions. */
  async createTopic(name: string): Promise<string> {
    const { topics } = await this.#client.call('createTopics', {
      topics: [{ name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1000,
      validateOnly: false,
    })
    assert.equal(topics[0]?.errorCode, 0)
    return topics[0].topicId ?? ''
  }

  /** Goes on with rounds until `isDone`. */
  async runUntil(isDone: () => boolean): Promise<void> {
    while (!isDone()) await this.#round()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }

  async #round(): Promise<void> {
    const started = performance.now()
    const offset = this.#offset
    await this.#produce()
    const batches = await fetchFrom(this.#client, offset)
    assert.deepEqual(valuesOf(batches), expectedValues(offset, this.#offset))
    await this.#commit()
    this.rounds++
    this.slowestMs = Math.max(this.slowestMs, performance.now() - started)
  }

  async #produce(): Promise<void> {
    const builder = new RecordBatchBuilder(0)
    for (let index = 0; index < recordsPerBatch; index++) {
      const value = Buffer.from(`honest ${this.#offset + index}`)
      builder.append({ offset: index, timestamp: Date.now(), key: null, value, headers: [] })
    }
    const records = builder.finish({
      compression: codecs[this.rounds % codecs.length]!,
      producerId: this.#producerId,
      producerEpoch: 0,
      baseSequence: this.#sequence,
    })
    const { responses } = await this.#client.call(
      'produce',
      {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
      } as never,
      produceVersion,
    )
    const answer = responses[0]?.partitionResponses[0]
    assert.equal(answer?.errorCode, 0)
    assert.equal(answer?.baseOffset, this.#offset)
    this.#sequence += recordsPerBatch
    this.#offset += recordsPerBatch
  }

  async #commit(): Promise<void> {
    const partition = {
      partitionIndex: 0,
      committedOffset: this.#offset,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    }
    const { topics } = await this.#client.call(
      'offsetCommit',
      {
        groupId: group,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [{ name: topic, partitions: [partition] }],
      } as never,
      8,
    )
    assert.equal(topics[0]?.partitions[0]?.errorCode, 0)
  }

  /** Reads all that was acked through a connection of its own. */
  async checkAll(port: number, login?: Buffer): Promise<void> {
    await using client = await connect(port, login)
    let offset = 0
    while (offset < this.#offset) {
      const values = valuesOf(await fetchFrom(client, offset))
      assert.ok(values.length > 0, `records from ${offset} on`)
      assert.deepEqual(values, expectedValues(offset, offset + values.length))
      offset += values.length
    }
    const { groups } = await client.call(
      'offsetFetch',
      {
        groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
        requireStable: false,
      } as never,
      8,
    )
    const committed = groups?.[0]?.topics[0]?.partitions[0]?.committedOffset
    assert.equal(committed, this.#offset, 'committed offset')
  }

  /** Deletes what the others made, which nobody looks at. */
  async deleteOthers(): Promise<void> {
    const { topics } = await this.#client.call('metadata', {
      topics: null,
      allowAutoTopicCreation: false,
    } as never)
    const names = topics.map(({ name }) => name).filter((name) => name !== topic)
    await this.#client.call('deleteTopics', { topicNames: names, timeoutMs: 1000 } as never, 5)
  }
}

async function connect(port: number, login: Buffer | undefined): Promise<KafkaRawClient> {
  const client = await KafkaRawClient.connect(port)
  if (login === undefined) return client
  await client.call('saslHandshake', { mechanism: 'PLAIN' })
  const { errorCode } = await client.call('saslAuthenticate', { authBytes: login })
  assert.equal(errorCode, 0)
  return client
}

async function fetchFrom(client: KafkaRawClient, fetchOffset: number): Promise<Buffer> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: sizeMax,
  }
  const { responses } = await client.call(
    'fetch',
    {
      replicaId: -1,
      clusterId: null,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: 1000,
      minBytes: 1,
      maxBytes: sizeMax,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic, partitions: [partition] }],
      forgottenTopicsData: [],
      rackId: '',
    } as never,
    fetchVersion,
  )
  const answer = responses[0]?.partitions[0]
  assert.equal(answer?.errorCode, 0)
  const records = answer?.records ?? []
  return Buffer.isBuffer(records) ? records : Buffer.concat(records)
}

function expectedValues(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `honest ${from + index}`)
}
