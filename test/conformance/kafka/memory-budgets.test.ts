// Many Kafka clients that each keep within the limits of a connection, and together would not.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ProduceRequest } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { memoryLimits } from '../../../src/limits/memory.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { type KafkaBeside, openKafkaBeside } from '../../support/open-kafka-beside.ts'
import { waitFor } from '../../support/wait-for.ts'

const megabyte = 1024 * 1024
/** Budgets are 10 MiB of input and of output. */
const watermark = 80 * megabyte
const produceVersion = 12
const topic = 'shared'

let broker: BrokerInProcess
let kafka: KafkaBeside
let clients: KafkaRawClient[]

beforeEach(async () => {
  broker = await BrokerInProcess.start({ watermark })
  kafka = await openKafkaBeside(broker)
  clients = []
  const [client] = await connect(1)
  const configs = [{ name: 'max.message.bytes', value: '4000000' }]
  const answer = await client?.call('createTopics', {
    topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  assert.equal(answer?.topics[0]?.errorCode, 0)
})
afterEach(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]()
  const isOver = (): boolean => Object.values(broker.memory.sizes).every((size) => size === 0)
  await waitFor('nothing is held', isOver)
  assert.deepEqual(broker.bugs, [])
  await kafka[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

async function connect(count: number): Promise<KafkaRawClient[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, () => KafkaRawClient.connect(kafka.port)),
  )
  clients.push(...opened)
  return opened
}

function produceOf(size: number): ProduceRequest {
  const records = batchOfRecords([{ value: 'v'.repeat(size) }])
  const topicData = [{ name: topic, topicId: '', partitionData: [{ index: 0, records }] }]
  return { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
}

async function produce(client: KafkaRawClient, size: number): Promise<void> {
  const { responses } = await client.call('produce', produceOf(size), produceVersion)
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0)
}

describe('halves of requests on many connections', () => {
  it('are bounded together, and keep nobody else out', async () => {
    const silent = await connect(12)
    for (const each of silent) {
      const { bytes } = each.encode('produce', produceOf(2 * megabyte), produceVersion)
      each.send(bytes.subarray(0, megabyte))
    }
    await waitFor('the budget is used up', () => broker.memory.isOver('input'))
    const [honest] = await connect(1)
    for (let count = 0; count < 50; count++) await produce(honest as KafkaRawClient, 10_000)
    assert.ok(!broker.memory.isOver('input', memoryLimits.inputHardFactor))
    await produce(honest as KafkaRawClient, megabyte)
  })
})

describe('answers that many clients do not read', () => {
  it('are bounded together, and those who read go on', async () => {
    const [honest] = await connect(1)
    for (let count = 0; count < 8; count++) await produce(honest as KafkaRawClient, megabyte)
    const fetch = fetchRequest([fetchFromStart(topic, 8 * megabyte)], {
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 8 * megabyte,
    })
    const deaf = await connect(30)
    for (const each of deaf) {
      each.pause()
      const { bytes } = each.encode('fetch', fetch, 12)
      for (let count = 0; count < 4; count++) each.send(bytes)
    }
    await waitFor('much is unsent', () => broker.memory.isOver('output'))
    for (let count = 0; count < 10; count++) {
      assert.ok(!broker.memory.isOver('output', memoryLimits.outputHardFactor + 1))
      await honest?.call('fetch', fetch, 12)
    }
  })
})
