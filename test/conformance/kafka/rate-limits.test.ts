// Rates of producers: their answers say how long to wait, and their connections are muted until then.
import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { hashPassword } from '../../../src/auth/password-hash.ts'
import { AccessKeeper } from '../../../src/broker/access-keeper.ts'
import type { ProduceResponse } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { rateLimits } from '../../../src/limits/rate.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { kafkaPassword, kafkaUser, loginOn } from '../../support/kafka-with-users.ts'
import { type KafkaBeside, openKafkaBeside } from '../../support/open-kafka-beside.ts'

const bytesPerSecond = 1_000_000

let broker: BrokerInProcess
let keeper: AccessKeeper
let kafka: KafkaBeside

before(async () => {
  const connectionRate = { messages: undefined, bytes: bytesPerSecond }
  broker = await BrokerInProcess.start({ connectionRate })
  keeper = new AccessKeeper({ broker: broker.broker, clients: broker.clients, settingsVHosts: [] })
  kafka = await openKafkaBeside(broker)
  await using client = await KafkaRawClient.connect(kafka.port)
  const parts = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const topics = ['t', 'other'].map((name) => ({ name, ...parts }))
  await client.call('createTopics', { topics, timeoutMs: 1000, validateOnly: false })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})
beforeEach(() => keeper.putVHost('/', {}))

function produce(client: KafkaRawClient, name: string, records: Buffer): Promise<ProduceResponse> {
  const topicData = [{ name, topicId: '', partitionData: [{ index: 0, records }] }]
  return client.call('produce', { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }, 12)
}

/** How long `amount` takes at a rate per second, with what was saved up before; a busy machine is slower. */
function expectRate(ms: number, amount: number, rate: number): void {
  const expected = (amount / rate) * 1000 - rateLimits.burstMs
  assert.ok(ms > expected * 0.85 && ms < expected * 1.5, `${ms} ms instead of ${expected}`)
}

/** How long most answers take that another connection waits for one by one, until `work` is done. */
async function answersDuring(work: Promise<unknown>): Promise<number> {
  await using client = await KafkaRawClient.connect(kafka.port)
  const state = { isOver: false }
  void work.then(() => (state.isOver = true))
  const taken: number[] = []
  while (!state.isOver) {
    const startedAt = performance.now()
    const { throttleTimeMs } = await produce(client, 'other', batchOfRecords([{ value: 'v' }]))
    taken.push(performance.now() - startedAt)
    assert.equal(throttleTimeMs, 0)
    // As fast as it can, it would come to the rate of its own on a quick machine.
    await delay(1)
  }
  assert.ok(taken.length > 100, `only ${taken.length} answers`)
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * 0.95)]!
}

it('a producer that does not wait by itself is muted, is told how long, and slows down nobody else', async () => {
  await using client = await KafkaRawClient.connect(kafka.port)
  const count = 40
  const batch = batchOfRecords([{ value: 'v'.repeat(50_000) }])
  const startedAt = performance.now()
  const sent = Array.from({ length: count }, () => produce(client, 't', Buffer.from(batch)))
  const answered = Promise.all(sent).then((answers) => ({ answers, at: performance.now() }))
  const slowest = await answersDuring(answered)
  const { answers, at } = await answered
  // The last is answered at once, and paid for by whoever comes next.
  expectRate(at - startedAt, (count - 1) * batch.length, bytesPerSecond)
  const throttled = answers.map(({ throttleTimeMs }) => throttleTimeMs)
  assert.ok(throttled.at(-1)! > 20 && throttled.at(-1)! <= 51, String(throttled))
  for (const { responses } of answers) {
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0)
  }
  assert.ok(slowest < 100, `an answer to another took ${slowest} ms`)
})

it('kafkajs produces as many records as the virtual host may, and nothing is lost', async () => {
  const rate = 2000
  await keeper.putVHost('/', { limits: { 'max-publish-rate': rate } })
  const brokers = [`127.0.0.1:${kafka.port}`]
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const producer = client.producer()
  await producer.connect()
  const before = producedTo('t')
  const startedAt = performance.now()
  const messages = Array.from({ length: 100 }, () => ({ value: 'v' }))
  const batches = 40
  for (let count = 0; count < batches; count++) await producer.send({ topic: 't', messages })
  expectRate(performance.now() - startedAt, (batches - 1) * messages.length, rate)
  assert.equal(producedTo('t') - before, batches * messages.length)
  await producer.disconnect()
})

it('who opens another connection for each request is no faster, and others are answered', async () => {
  await keeper.putVHost('/', { limits: { 'max-publish-rate': 10 } })
  const startedAt = performance.now()
  const count = 8
  for (let index = 0; index < count; index++) {
    await using client = await KafkaRawClient.connect(kafka.port)
    const none = { allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false }
    await client.call('metadata', { topics: [], ...none, includeTopicAuthorizedOperations: false })
    await produce(client, 't', batchOfRecords([{ value: 'v' }]))
  }
  const ms = performance.now() - startedAt
  // One was saved up, and the last is paid for by whoever comes next.
  assert.ok(ms > (count - 2) * 95, `${count} records in ${ms} ms`)
})

it('what is produced into a queue counts for its rate', async () => {
  const connection = await connect(broker.url)
  const channel = await connection.createChannel()
  await channel.assertQueue('limited', { arguments: { 'x-max-publish-rate': 1000 } })
  await using client = await KafkaRawClient.connect(kafka.port)
  const records = batchOfRecords(Array.from({ length: 600 }, () => ({ value: 'v' })))
  const startedAt = performance.now()
  const { throttleTimeMs = 0 } = await produce(client, 'limited', Buffer.from(records))
  // A hundred were saved up.
  assert.ok(throttleTimeMs > 400 && throttleTimeMs <= 500, String(throttleTimeMs))
  await produce(client, 'limited', Buffer.from(records))
  assert.ok(performance.now() - startedAt > 450)
  assert.equal((await channel.deleteQueue('limited')).messageCount, 1200)
  await connection.close()
})

it('what a client produces counts for the user that it logs in as, where it may come without a login', async () => {
  const hashed = hashPassword(Buffer.from(kafkaPassword), systemRandom)
  const permission = { user: kafkaUser, vhost: '/', configure: '', write: '.*', read: '' }
  const limits = { 'max-publish-rate': 1000 }
  await keeper.putUser({ name: kafkaUser, tags: [], ...hashed, limits }, [permission])
  await using client = await KafkaRawClient.connect(kafka.port)
  assert.equal((await loginOn(client)).errorCode, 0)
  const records = batchOfRecords(Array.from({ length: 600 }, () => ({ value: 'v' })))
  const { throttleTimeMs = 0 } = await produce(client, 't', Buffer.from(records))
  // A hundred were saved up.
  assert.ok(throttleTimeMs > 400 && throttleTimeMs <= 500, String(throttleTimeMs))
})

function producedTo(name: string): number {
  const topics = broker.broker.topicsOf(broker.broker.getVHost('/'))
  return topics.find(name)?.partitions[0]?.highWatermark ?? 0
}
