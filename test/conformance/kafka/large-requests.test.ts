// The memory of large produce requests is used again: what the log has of one stays as it came.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { logLimits } from '../../../src/limits/log.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

const MiB = 2 ** 20
/** More than the log keeps in memory. */
const COUNT = Math.ceil((logLimits.tailCacheSizeMax + 30 * MiB) / (3 * MiB))

let folder: string
let kafka: KafkaFixture

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pabal-large-'))
  kafka = await KafkaFixture.start({ storage: 'file', data: folder })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function batchNumber(number: number): Buffer {
  const value = `batch ${number} `.repeat((3 * MiB) / 10 + number)
  return batchOfRecords([{ value, timestamp: 1_700_000_000_000 }])
}

async function fetchOne(topic: string, offset: number): Promise<Buffer> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: offset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1,
    replicaDirectoryId: '',
    highWatermark: -1,
  }
  const { responses } = await kafka.client.call(
    'fetch',
    {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: 1000,
      minBytes: 1,
      maxBytes: 1,
      isolationLevel: 0,
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic, topicId: '', partitions: [partition] }],
      forgottenTopicsData: [],
    },
    12,
  )
  const records = responses[0]?.partitions[0]?.records
  return Buffer.concat([records ?? []].flat())
}

/** From the CRC on: base offset and leader epoch are the broker's. */
function contentOf(batch: Buffer): Buffer {
  return batch.subarray(17)
}

it('large batches are what was produced, in memory and on disk', async () => {
  await kafka.createTopic('large', { 'max.message.bytes': String(8 * MiB) })
  for (let number = 0; number < COUNT; number++) {
    const { errorCode, baseOffset } = await kafka.produce('large', batchNumber(number))
    assert.deepEqual([errorCode, baseOffset], [0, number])
    // Read at once, every other one: a batch that somebody reads leaves memory another way.
    if (number % 2 === 1) continue
    assert.ok(contentOf(await fetchOne('large', number)).equals(contentOf(batchNumber(number))))
  }
  for (let number = 0; number < COUNT; number++) {
    const fetched = await fetchOne('large', number)
    assert.ok(contentOf(fetched).equals(contentOf(batchNumber(number))), `batch ${number}`)
  }
})

it('a large batch with a wrong checksum is refused, and one after it is not', async () => {
  await kafka.createTopic('refused', { 'max.message.bytes': String(8 * MiB) })
  const wrong = batchNumber(1)
  wrong[wrong.length - 100]! ^= 1
  const { errorCode } = await kafka.produce('refused', wrong)
  assert.equal(errorCode, kafkaErrors.CORRUPT_MESSAGE.code)
  const right = await kafka.produce('refused', batchNumber(2))
  assert.deepEqual([right.errorCode, right.baseOffset], [0, 0])
  assert.ok(contentOf(await fetchOne('refused', 0)).equals(contentOf(batchNumber(2))))
})
