// Answers that a client takes late, or never: what they consist of must not change meanwhile, although
// the memory of batches is used again as soon as nobody needs it; and then it is released.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { readResponse, readResponseHeader } from '../../../src/codec/kafka/response.ts'
import { WireReader } from '../../../src/codec/kafka/wire-reader.ts'
import { crc32c } from '../../../src/lib/crc32c.ts'
import { logLimits } from '../../../src/limits/log.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { PageWatch } from '../../support/page-watch.ts'
import { waitFor } from '../../support/wait-for.ts'

const fetchVersion = 12
/** The last one in which a member needs no id to join. */
const joinVersion = 3
const clientCount = 2
/** Of one answer: two of them are more than the buffers of a connection take. */
const answerSize = 7_500_000
/** More than that, and less than an answer may be. */
const waitedForSize = 7_700_000
/** Its request takes a page as large as those that small batches share. */
const floodSize = 250_000
/** The page that the next small batch is copied to. */
const retainedAtRest = 1

let folder: string
let kafka: KafkaFixture
let watch: PageWatch

before(async () => {
  watch = new PageWatch()
  folder = await mkdtemp(join(tmpdir(), 'pabal-late-'))
  kafka = await KafkaFixture.start({ storage: 'file', data: folder })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  watch[Symbol.dispose]()
  await rm(folder, { recursive: true })
})

for (const [what, size] of [
  ['large', floodSize],
  ['small', 30_000],
] as const) {
  const topic = `late-${what}`
  const value = 'w'.repeat(size)
  const count = Math.ceil(answerSize / size)

  describe(`answers of ${what} batches`, () => {
    beforeEach(async () => {
      await kafka.createTopic(topic)
      const batch = batchOfRecords([{ value }])
      for (let n = 0; n < count; n++) await kafka.produce(topic, batch)
    })
    afterEach(nobodyRetains)

    it('are what they were when they are taken at last', async () => {
      const clients = await Promise.all(Array.from({ length: clientCount }, connectPaused))
      const wanted = watch.retainTotal + clientCount * 2 * count
      for (const client of clients) client.send(fetchesOf(client, [{ topic }, { topic }]))
      await waitFor('all answers are made', () => watch.retainTotal >= wanted)
      await flood()
      await deleteTopic(topic)
      const retainedLate = watch.retainCount

      for (const client of clients) client.resume()
      for (const client of clients) {
        await waitFor('both answers', () => client.answers.length === 2)
        for (const answer of client.answers) assertIntact(recordsIn(answer), value, count)
        await client[Symbol.asyncDispose]()
      }
      assert.ok(
        retainedLate > retainedAtRest,
        'all answers had left the broker before they were taken',
      )
    })

    it('are released when their client hangs up without taking them', async () => {
      const client = await connectPaused()
      const retainedBefore = watch.retainCount
      client.send(fetchesOf(client, [{ topic }, { topic }]))
      await waitFor('both answers are made', () => watch.retainCount >= retainedBefore + 2 * count)
      await client[Symbol.asyncDispose]()
      await waitFor('they are released', () => watch.retainCount <= retainedBefore)
      await deleteTopic(topic)
    })

    it('are released when their client hangs up before it is their turn', async () => {
      const client = await connectPaused()
      const retainedBefore = watch.retainCount
      // The first member of a group waits a moment for others, and what it asks for next waits for that.
      client.send(Buffer.concat([joinGroup(client, topic), fetchesOf(client, [{ topic }])]))
      await waitFor('the answer is made', () => watch.retainCount >= retainedBefore + count)
      await client[Symbol.asyncDispose]()
      await waitFor('it is released', () => watch.retainCount <= retainedBefore)
      await deleteTopic(topic)
    })

    it('are released when their client hangs up while it waits for more', async () => {
      const client = await connectPaused()
      const retainedBefore = watch.retainCount
      client.send(fetchesOf(client, [{ topic, minBytes: waitedForSize, maxWaitMs: 60_000 }]))
      await waitFor('the first part is read', () => watch.retainCount >= retainedBefore + count)
      await client[Symbol.asyncDispose]()
      await waitFor('it is released', () => watch.retainCount <= retainedBefore)
      await deleteTopic(topic)
    })

    it('are all that retains them: a search by time does not', async () => {
      const retainedBefore = watch.retainCount
      const { retainTotal } = watch
      const found = await kafka.findOffset(topic, 1)
      assert.equal(found.offset, 0)
      assert.ok(watch.retainTotal > retainTotal, 'it looked at a batch')
      assert.equal(watch.retainCount, retainedBefore)
      await deleteTopic(topic)
    })

    it('are read again while they wait for more, and what was read before is released', async () => {
      const client = await connectPaused()
      client.send(fetchesOf(client, [{ topic, minBytes: waitedForSize, maxWaitMs: 60_000 }]))
      client.resume()
      const more = batchOfRecords([{ value: 'm'.repeat(10_000) }])
      let moreCount = 0
      await waitFor('an answer', async () => {
        await kafka.produce(topic, more)
        moreCount++
        return client.answers.length === 1
      })
      assert.ok(moreCount > 5, `answered after ${moreCount} more batches`)
      await client[Symbol.asyncDispose]()
      await deleteTopic(topic)
    })
  })
}

async function nobodyRetains(): Promise<void> {
  await waitFor('all memory is released', () => watch.retainCount <= retainedAtRest)
}

async function connectPaused(): Promise<KafkaRawClient> {
  const client = await KafkaRawClient.connect(kafka.kafkaPort)
  client.pause()
  return client
}

/** More than the memory of recent batches, so that all of it is used again. */
async function flood(): Promise<void> {
  const topic = 'flood'
  const batch = batchOfRecords([{ value: 'o'.repeat(floodSize) }])
  await kafka.createTopic(topic)
  const count = Math.ceil((1.5 * logLimits.tailCacheSizeMax) / batch.length)
  for (let n = 0; n < count; n++) assert.equal((await kafka.produce(topic, batch)).errorCode, 0)
  await deleteTopic(topic)
}

async function deleteTopic(name: string): Promise<void> {
  const topics = [{ name, topicId: zeroUuid }]
  await kafka.client.call('deleteTopics', { topics, topicNames: [], timeoutMs: 1000 })
}

function recordsIn(answer: Buffer): Buffer {
  const reader = new WireReader()
  reader.reset(answer)
  readResponseHeader(reader, 'fetch', fetchVersion)
  const { responses } = readResponse('fetch', reader, fetchVersion)
  return Buffer.concat([responses[0]?.partitions[0]?.records ?? []].flat())
}

function assertIntact(records: Buffer, value: string, batchCount: number): void {
  let count = 0
  for (let at = 0; at < records.length; count++) {
    const end = at + 12 + records.readInt32BE(at + 8)
    const batch = records.subarray(at, end)
    assert.equal(crc32c(batch.subarray(21)), batch.readUInt32BE(17), `batch ${count}`)
    assert.ok(batch.includes(value), `batch ${count} is another`)
    at = end
  }
  assert.equal(count, batchCount)
}

interface Wanted {
  readonly topic: string
  readonly minBytes?: number
  readonly maxWaitMs?: number
}

function joinGroup(client: KafkaRawClient, groupId: string): Buffer {
  const request = {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
  }
  return client.encode('joinGroup', request, joinVersion).bytes
}

/** Sent at once, so that no answer is on its way before all are read. */
function fetchesOf(client: KafkaRawClient, wanted: readonly Wanted[]): Buffer {
  return Buffer.concat(wanted.map((each) => fetchAll(client, each)))
}

function fetchAll(client: KafkaRawClient, { topic, minBytes = 1, maxWaitMs = 0 }: Wanted): Buffer {
  const rest = { maxWaitMs, minBytes, maxBytes: 50_000_000 }
  const request = fetchRequest([fetchFromStart(topic, rest.maxBytes)], rest)
  return client.encode('fetch', request, fetchVersion).bytes
}
