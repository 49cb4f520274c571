// Looks at a broker as an administrator does, and reads whole partitions batch by batch.

import {
  batchSizeAt,
  hasValidCrc,
  readBatchHeader,
  recordsOf,
} from '../../../src/record/batch/batch-header.ts'
import { decompress } from '../../../src/record/batch/compression.ts'
import { RecordReader } from '../../../src/record/batch/record-reader.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'

export interface FoundBatch {
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isWhole: boolean
  readonly values: readonly (Buffer | null)[]
}

interface EndPlace {
  readonly offset: number
  readonly leaderEpoch: number
}

const latest = -1
const bytesMax = 4 * 1024 * 1024
const decompressedMax = 64 * 1024 * 1024

export class BrokerView implements AsyncDisposable {
  readonly #client: KafkaRawClient

  private constructor(client: KafkaRawClient) {
    this.#client = client
  }

  static async open(port: number): Promise<BrokerView> {
    return new BrokerView(await KafkaRawClient.connect(port))
  }

  async createTopic(name: string, numPartitions: number): Promise<void> {
    const { topics } = await this.#client.call('createTopics', {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1000,
      validateOnly: false,
    })
    if (topics[0]?.errorCode !== 0) throw new Error(`cannot create ${name}`)
  }

  async leaderEpochs(topic: string): Promise<number[]> {
    const request = { topics: [{ name: topic }], allowAutoTopicCreation: false }
    const { topics } = await this.#client.call('metadata', request as never, 9)
    return (topics[0]?.partitions ?? [])
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ leaderEpoch }) => leaderEpoch ?? -1)
  }

  /** The end of each partition. */
  async ends(topic: string, partitionCount: number): Promise<number[]> {
    const places = await this.endPlaces(topic, partitionCount)
    return places.map(({ offset }) => offset)
  }

  /** The end of each partition, and the leader epoch in which that was said. */
  async endPlaces(topic: string, partitionCount: number): Promise<EndPlace[]> {
    const partitions = Array.from({ length: partitionCount }, (_, partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: -1,
      timestamp: latest,
    }))
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] }
    const { topics } = await this.#client.call('listOffsets', request as never, 6)
    const places: EndPlace[] = []
    for (const { partitionIndex, offset = -1, leaderEpoch = -1 } of topics[0]?.partitions ?? []) {
      places[partitionIndex] = { offset, leaderEpoch }
    }
    return places
  }

  /** What a group has committed in each partition; 0 where it has committed nothing. */
  async committed(groupId: string, topic: string, partitionCount: number): Promise<number[]> {
    const partitionIndexes = Array.from({ length: partitionCount }, (_, index) => index)
    const groups = [{ groupId, topics: [{ name: topic, partitionIndexes }] }]
    const request = { groups, requireStable: false }
    const answer = await this.#client.call('offsetFetch', request as never, 8)
    const offsets = partitionIndexes.map(() => 0)
    for (const found of answer.groups?.[0]?.topics[0]?.partitions ?? []) {
      offsets[found.partitionIndex] = Math.max(0, found.committedOffset)
    }
    return offsets
  }

  /** All batches of a partition up to `end`. */
  async read(topic: string, partition: number, end: number): Promise<FoundBatch[]> {
    const found: FoundBatch[] = []
    for (let offset = 0; offset < end;) {
      const batches = splitBatches(await this.#fetch(topic, partition, offset))
      const last = batches.at(-1)
      if (last === undefined) return found
      found.push(...batches)
      offset = last.baseOffset + last.values.length
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }

  async #fetch(topic: string, partition: number, fetchOffset: number): Promise<Buffer> {
    const wanted = {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: bytesMax,
    }
    const request = {
      replicaId: -1,
      clusterId: null,
      maxWaitMs: 1000,
      minBytes: 1,
      maxBytes: bytesMax,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic, partitions: [wanted] }],
      forgottenTopicsData: [],
      rackId: '',
    }
    const { responses } = await this.#client.call('fetch', request as never, 12)
    const answer = responses[0]?.partitions[0]
    if (answer?.errorCode !== 0) throw new Error(`fetch answers with error ${answer?.errorCode}`)
    const records = answer.records ?? []
    return Buffer.isBuffer(records) ? records : Buffer.concat(records)
  }
}

function splitBatches(bytes: Buffer): FoundBatch[] {
  const batches: FoundBatch[] = []
  for (let at = 0; at < bytes.length;) {
    const batch = bytes.subarray(at, at + batchSizeAt(bytes, at))
    const header = readBatchHeader(batch)
    const reader = new RecordReader()
    const { compression = 'none' } = header
    reader.reset(header, decompress(compression, recordsOf(batch), decompressedMax))
    const values: (Buffer | null)[] = []
    while (reader.next()) values.push(reader.value())
    batches.push({ ...header, isWhole: hasValidCrc(batch), values })
    at += batch.length
  }
  return batches
}
