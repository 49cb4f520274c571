// Kafka batches that decode to much, read where records have to be looked at: nobody else waits for
// that, and nothing is lost.
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { Run } from '../../../src/log/run.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { recordsIn } from '../../support/crossing-run.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'

/** Less than half of what converting it at once takes; a busy machine adds its own. */
const stallMsMax = 90
const count = 100_000
const batch = batchOfRecords(
  Array.from({ length: count }, (_, index) => ({ value: valueOf(index) })),
  'zstd',
)

let kafka: KafkaFixture
let session: AmqpSession

before(async () => {
  kafka = await KafkaFixture.start()
  session = await AmqpSession.open(kafka.amqpUrl)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

function valueOf(index: number): string {
  return `a value that repeats, over and over again ${index}`
}

/** What a consumer gets from `first` on, each acked; the longest stall meanwhile in ms. */
async function consume(queue: string, first: number, options: object): Promise<number> {
  const channel = await session.channel()
  await channel.prefetch(200)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let next = first
  await channel.consume(
    queue,
    (message) => {
      assert.ok(message)
      assert.equal(message.content.toString(), valueOf(next))
      next++
      channel.ack(message)
    },
    options,
  )
  await waitFor('all records are delivered', () => next === count, 30_000)
  delay.disable()
  await channel.close()
  return delay.max / 1e6
}

async function declareQueue(name: string): Promise<Channel> {
  const channel = await session.channel()
  await channel.assertQueue(name)
  return channel
}

async function fetch(topic: string, fetchOffset: number): Promise<Buffer> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1_048_576,
    replicaDirectoryId: '',
    highWatermark: -1,
  }
  const { responses } = await kafka.client.call(
    'fetch',
    {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      rackId: '',
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_048_576,
      isolationLevel: 0,
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

/** Other programs on the machine make some stalls longer: one round without a long one is enough. */
async function expectNoStall(round: () => Promise<number>): Promise<void> {
  let shortest = Infinity
  for (let rounds = 0; rounds < 5 && shortest >= stallMsMax; rounds++) {
    shortest = Math.min(shortest, await round())
  }
  assert.ok(shortest < stallMsMax, `the event loop stood still for ${shortest} ms`)
}

describe('a batch of 100,000 records', () => {
  it('reaches the workers of a queue without stalling anybody', async () => {
    await declareQueue('work')
    await expectNoStall(async () => {
      assert.equal((await kafka.produce('work', batch)).errorCode, 0)
      return consume('work', 0, {})
    })
  })

  it('reaches a stream consumer from any offset without stalling anybody', async () => {
    await kafka.createTopic('events')
    assert.equal((await kafka.produce('events', batch)).errorCode, 0)
    for (const first of [0, 54_321]) {
      const options = { arguments: { 'x-stream-offset': first } }
      await expectNoStall(() => consume('events', first, options))
    }
  })

  it('is fetched from a work queue without what its workers have acked', async () => {
    const channel = await declareQueue('partly')
    assert.equal((await kafka.produce('partly', batch)).errorCode, 0)
    const message = await channel.get('partly')
    assert.ok(message)
    channel.ack(message)
    await waitFor(
      'it is acked',
      async () => (await channel.checkQueue('partly')).messageCount < count,
    )
    const seen: number[] = []
    for (let at = 0; at < count;) {
      const part = await fetch('partly', at)
      const { length } = seen
      seen.push(...recordsIn(part).map(({ offset }) => offset))
      assert.ok(seen.length > length, `there is something at ${at}`)
      at = Run.fromBytes(part).lastOffset + 1
    }
    assert.equal(seen.length, count - 1)
    assert.ok(seen.every((offset, index) => offset === index + 1))
  })
})
