// Answers that a client takes late: what they consist of must not change meanwhile, although the
// memory of batches is used again as soon as nobody needs it.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { readResponse, readResponseHeader } from '../../../src/codec/kafka/response.ts'
import { WireReader } from '../../../src/codec/kafka/wire-reader.ts'
import { crc32c } from '../../../src/lib/crc32c.ts'
import { limits } from '../../../src/limits.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const answerCount = 6
const fetchVersion = 12

let folder: string
let kafka: KafkaFixture

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pabal-late-'))
  kafka = await KafkaFixture.start({ storage: 'file', data: folder })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Fills more than the memory of recent batches, so that all of it is used again. */
async function flood(topic: string, batch: Buffer): Promise<void> {
  const count = Math.ceil((2 * limits.tailCacheSizeMax) / batch.length)
  for (let n = 0; n < count; n++) assert.equal((await kafka.produce(topic, batch)).errorCode, 0)
}

function recordsIn(answer: Buffer): Buffer {
  const reader = new WireReader()
  reader.reset(answer)
  readResponseHeader(reader, 'fetch', fetchVersion)
  const { responses } = readResponse('fetch', reader, fetchVersion)
  return Buffer.concat([responses[0]?.partitions[0]?.records ?? []].flat())
}

function assertIntact(records: Buffer, value: string): number {
  let count = 0
  for (let at = 0; at < records.length; count++) {
    const end = at + 12 + records.readInt32BE(at + 8)
    const batch = records.subarray(at, end)
    assert.equal(crc32c(batch.subarray(21)), batch.readUInt32BE(17), `batch ${count}`)
    assert.ok(batch.includes(value), `batch ${count} is another`)
    at = end
  }
  return count
}

for (const [what, size] of [
  ['large', 300_000],
  ['small', 3000],
] as const) {
  describe(`${what} batches`, () => {
    it('are what they were when they are taken at last', async () => {
      const [topic, other] = [`late-${what}`, `other-${what}`]
      await kafka.createTopic(topic)
      await kafka.createTopic(other)
      const wanted = batchOfRecords([{ value: 'w'.repeat(size) }])
      const wantedCount = Math.ceil(6_000_000 / size)
      for (let n = 0; n < wantedCount; n++) await kafka.produce(topic, wanted)

      await using late = await KafkaRawClient.connect(kafka.kafkaPort)
      late.pause()
      for (let n = 0; n < answerCount; n++) late.send(fetchAll(late, topic))
      // Its requests were read before those that come now.
      await kafka.findOffset(topic, -1)
      await flood(other, batchOfRecords([{ value: 'o'.repeat(300_000) }]))
      late.resume()

      await waitFor('all answers', () => late.answers.length === answerCount)
      for (const answer of late.answers) {
        assert.equal(assertIntact(recordsIn(answer), 'w'.repeat(size)), wantedCount)
      }
    })
  })
}

function fetchAll(client: KafkaRawClient, topic: string): Buffer {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 50_000_000,
    replicaDirectoryId: zeroUuid,
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  const request = {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 50_000_000,
    isolationLevel: 0,
    rackId: '',
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId: '', partitions: [partition] }],
    forgottenTopicsData: [],
  }
  return client.encode('fetch', request, fetchVersion).bytes
}
