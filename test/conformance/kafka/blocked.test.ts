// Producers wait while publishers are blocked, and are refused before they give up; others go on.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { PublishHold } from '../../../src/broker/publish/publish-hold.ts'
import type { ProduceResponse } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { kafkaLimits } from '../../../src/limits/kafka.ts'
import { memoryLimits } from '../../../src/limits/memory.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { type KafkaBeside, openKafkaBeside } from '../../support/open-kafka-beside.ts'
import { waitFor } from '../../support/wait-for.ts'

const notEnoughReplicas = 19
const topic = 'blocked'

let broker: BrokerInProcess
let kafka: KafkaBeside
let client: KafkaRawClient

before(async () => {
  broker = await BrokerInProcess.start()
  kafka = await openKafkaBeside(broker)
  client = await KafkaRawClient.connect(kafka.port)
  const { topics } = await client.call('createTopics', {
    topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  assert.equal(topics[0]?.errorCode, 0)
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})
afterEach(() => broker.broker.shortage.set('memory', false))

function produce(value: string, timeoutMs: number): Promise<ProduceResponse> {
  const records = batchOfRecords([{ value }])
  const topicData = [{ name: topic, topicId: '', partitionData: [{ index: 0, records }] }]
  return client.call('produce', { transactionalId: null, acks: -1, timeoutMs, topicData }, 12)
}

function errorOf({ responses }: ProduceResponse): number | undefined {
  return responses[0]?.partitionResponses[0]?.errorCode
}

function offsetOf({ responses }: ProduceResponse): number {
  return responses[0]?.partitionResponses[0]?.baseOffset ?? -1
}

describe('a produce while publishers are blocked', () => {
  it('waits, and is appended in its turn when that is over', async () => {
    broker.broker.shortage.set('memory', true)
    let answers = 0
    const produced = ['one', 'two', 'three'].map(async (value) => {
      const answer = await produce(value, 30_000)
      answers++
      return answer
    })
    await using other = await KafkaRawClient.connect(kafka.port)
    const fetch = fetchRequest([fetchFromStart(topic, 1000)], {
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1000,
    })
    await other.call('fetch', fetch, 12)
    assert.equal(answers, 0)
    broker.broker.shortage.set('memory', false)
    const offsets = (await Promise.all(produced)).map(offsetOf)
    const first = offsets[0] ?? -1
    assert.deepEqual(offsets, [first, first + 1, first + 2])
  })

  it('does not overtake a large one that waited with it', async (t) => {
    const { crcPerTurnMax } = memoryLimits
    t.after(() => Object.assign(memoryLimits, { crcPerTurnMax }))
    Object.assign(memoryLimits, { crcPerTurnMax: 1000 })
    const { mock } = t.mock.method(PublishHold.prototype, 'wait')
    broker.broker.shortage.set('memory', true)
    const produced = ['x'.repeat(2000), 'small'].map((value) => produce(value, 30_000))
    await waitFor('both wait', () => mock.callCount() === 2)
    broker.broker.shortage.set('memory', false)
    const [first = -1, second] = (await Promise.all(produced)).map(offsetOf)
    assert.equal(second, first + 1)
  })

  it('is refused before its time is up, and so are those behind it, for the client to try again', async () => {
    broker.broker.shortage.set('memory', true)
    const start = performance.now()
    const refused = await Promise.all([produce('one', 2000), produce('two', 30_000)])
    const waitedMs = performance.now() - start
    assert.ok(waitedMs > 900 && waitedMs < 2000, `${waitedMs} ms`)
    for (const answer of refused) {
      assert.equal(errorOf(answer), notEnoughReplicas)
      assert.equal(answer.throttleTimeMs, kafkaLimits.produceThrottleMs)
      const { errorMessage } = answer.responses[0]?.partitionResponses[0] ?? {}
      assert.equal(errorMessage, 'The broker is low on memory')
    }
    broker.broker.shortage.set('memory', false)
    assert.equal(errorOf(await produce('three', 600)), 0)
  })

  it('of a library gets through when that is over', async () => {
    const brokers = [`127.0.0.1:${kafka.port}`]
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    broker.broker.shortage.set('disk', true)
    let isSent = false
    const sent = producer.send({ topic, messages: [{ value: 'late' }] }).then(() => (isSent = true))
    await client.call('metadata', { topics: [], allowAutoTopicCreation: false } as never)
    assert.equal(isSent, false)
    broker.broker.shortage.set('disk', false)
    await sent
    await producer.disconnect()
  })
})
