import { defaultReplicaState, type FetchRequest } from '../../src/codec/kafka/messages/fetch.gen.ts'
import { encodeRequest, readRequest, readRequestHeader } from '../../src/codec/kafka/request.ts'
import { encodeResponse } from '../../src/codec/kafka/response.ts'
import { WireReader } from '../../src/codec/kafka/wire-reader.ts'
import { WireWriter } from '../../src/codec/kafka/wire-writer.ts'
import { type NewRecord, RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { hasValidCrc, readBatchHeader, recordsOf } from '../../src/record/batch/batch-header.ts'
import { checkRecords } from '../../src/record/batch/check-records.ts'
import { RecordReader } from '../../src/record/batch/record-reader.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

const RECORDS = 100
const PARTITIONS = 24
const VERSION = 12
const SIZE_PREFIX = 4
const clientId = 'rdkafka'
const topic = 'orders'
const zeroUuid = '00000000-0000-0000-0000-000000000000'

const records: readonly NewRecord[] = Array.from({ length: RECORDS }, (_, offset) => ({
  offset,
  timestamp: 1_700_000_000_000 + offset,
  key: Buffer.from(`key-${offset}`),
  value: Buffer.alloc(1024, offset),
  headers: [],
}))

export function batchOf(list: readonly NewRecord[] = records): Buffer {
  const builder = new RecordBatchBuilder(0)
  for (const record of list) builder.append(record)
  return builder.finish()
}

const produceRequest = {
  transactionalId: null,
  acks: -1,
  timeoutMs: 30_000,
  topicData: [
    { name: topic, topicId: zeroUuid, partitionData: [{ index: 0, records: batchOf() }] },
  ],
}
const produceResponse = {
  responses: [
    {
      name: topic,
      partitionResponses: [
        { index: 0, errorCode: 0, baseOffset: 4711, logAppendTimeMs: -1, logStartOffset: 0 },
      ],
    },
  ],
  throttleTimeMs: 0,
}
const fetchRequest: FetchRequest = {
  clusterId: null,
  replicaId: -1,
  replicaState: defaultReplicaState,
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52_428_800,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic,
      topicId: zeroUuid,
      partitions: Array.from({ length: PARTITIONS }, (_, partition) => ({
        partition,
        currentLeaderEpoch: 1,
        fetchOffset: 4711,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 1_048_576,
        replicaDirectoryId: zeroUuid,
        highWatermark: -1,
      })),
    },
  ],
  forgottenTopicsData: [],
  rackId: '',
}

export const kafkaCodec: readonly MicroBenchmark[] = [
  {
    name: 'Kafka Produce request, 1 batch, decode',
    prepare: () => decoding(encodeOne('produce', produceRequest), 'produce'),
  },
  {
    name: 'Kafka Produce response, encode',
    prepare() {
      const writer = new WireWriter()
      const header = { api: 'produce', apiVersion: VERSION, correlationId: 7 } as const
      return () => encodeResponse(writer, header, produceResponse).length
    },
  },
  {
    name: `Kafka Fetch request, ${PARTITIONS} partitions, decode`,
    prepare: () => decoding(encodeOne('fetch', fetchRequest), 'fetch'),
  },
  {
    name: `Kafka Fetch response, ${PARTITIONS} partitions, encode`,
    prepare() {
      const writer = new WireWriter()
      const header = { api: 'fetch', apiVersion: VERSION, correlationId: 7 } as const
      const response = fetchResponse(batchOf())
      return () => encodeResponse(writer, header, response).length
    },
  },
  {
    name: `Kafka batch of ${RECORDS} × 1 KiB, header and CRC`,
    prepare() {
      const batch = batchOf()
      return () => (hasValidCrc(batch) ? readBatchHeader(batch).recordCount : 0)
    },
  },
  {
    name: 'Kafka record of 1 KiB, parse',
    operationsPerCall: RECORDS,
    prepare() {
      const batch = batchOf()
      const [header, bytes] = [readBatchHeader(batch), recordsOf(batch)]
      const reader = new RecordReader()
      return () => {
        let size = 0
        reader.reset(header, bytes)
        while (reader.next()) size += reader.valueEnd - reader.valueStart
        return size
      }
    },
  },
  {
    name: 'Kafka record of 1 KiB, check',
    operationsPerCall: RECORDS,
    prepare() {
      const batch = batchOf()
      const [header, bytes] = [readBatchHeader(batch), recordsOf(batch)]
      const rules = { isKeyRequired: true, timestampMin: 0, timestampMax: Infinity }
      return () => checkRecords(header, bytes, rules).maxTimestamp
    },
  },
  {
    name: 'Kafka record of 1 KiB, build',
    operationsPerCall: RECORDS,
    prepare: () => () => batchOf().length,
  },
]

function encodeOne<Api extends 'produce' | 'fetch'>(
  api: Api,
  request: Parameters<typeof encodeRequest<Api>>[2],
): Buffer {
  const header = { api, apiVersion: VERSION, correlationId: 7, clientId }
  const whole = Buffer.concat(encodeRequest(new WireWriter(), header, request))
  return whole.subarray(SIZE_PREFIX)
}

function decoding(bytes: Buffer, api: 'produce' | 'fetch'): () => number {
  const reader = new WireReader()
  return () => {
    reader.reset(bytes)
    const header = readRequestHeader(reader)
    readRequest(api, reader, header.apiVersion)
    return header.correlationId
  }
}

function fetchResponse(batch: Buffer): Parameters<typeof encodeResponse<'fetch'>>[2] {
  return {
    throttleTimeMs: 0,
    responses: [
      {
        topic,
        partitions: Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 4711,
          lastStableOffset: 4711,
          logStartOffset: 0,
          abortedTransactions: null,
          records: batch,
        })),
      },
    ],
  }
}
