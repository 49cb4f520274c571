// Kafka clients of a broker whose storage answers late: what is acknowledged is at its offset and can
// be read at once, nothing else can, and a group goes on where it committed. Each test runs with
// several seeds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs, { type Admin, type Consumer, type Producer } from 'kafkajs'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { batchOfRecords, KafkaFixture } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor, within } from '../support/wait-for.ts'

const { Kafka, logLevel, Partitioners } = kafkajs

const seeds = [1, 2, 3]
const deadlineMs = 20_000
const latest = -1

interface Setting {
  readonly fixture: KafkaFixture
  readonly kafka: kafkajs.Kafka
  readonly seed: number
}

function scenario(name: string, body: (setting: Setting) => Promise<void>): void {
  for (const seed of seeds) {
    test(`${name} (seed ${seed})`, async () => {
      const storage = { random: seededRandom(seed), delayMsMax: 12 }
      await using fixture = await KafkaFixture.start({ storage })
      const kafka = new Kafka({
        brokers: [`127.0.0.1:${fixture.kafkaPort}`],
        logLevel: logLevel.NOTHING,
      })
      await within(name, body({ fixture, kafka, seed }), deadlineMs)
    })
  }
}

async function withProducer(
  kafka: kafkajs.Kafka,
  body: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  try {
    await body(producer)
  } finally {
    await producer.disconnect()
  }
}

const texts = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

scenario(
  'an acknowledged record is below the end that is shown',
  async ({ fixture, kafka, seed }) => {
    await fixture.createTopic('t')
    const random = seededRandom(seed)
    await withProducer(kafka, async (producer) => {
      const sends = texts(4, 'p').map(async (name) => {
        for (const value of texts(20, name)) {
          const [sent] = await producer.send({ topic: 't', acks: -1, messages: [{ value }] })
          const offset = Number(sent?.baseOffset)
          // Each asks on a connection of its own, so that no answer waits for another one.
          if (random.below(4) > 0) continue
          await using client = await KafkaRawClient.connect(fixture.kafkaPort)
          assert.ok((await endOf(client)) > offset, `${value} at ${offset} is shown`)
        }
      })
      await Promise.all(sends)
    })
    assert.equal((await fixture.findOffset('t', latest)).offset, 80)
  },
)

/** The offset behind the last record of partition 0, or -1 without one. */
async function endOf(client: KafkaRawClient, topic = 't'): Promise<number> {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: latest }]
  const { topics } = await client.call('listOffsets', {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions }],
    timeoutMs: 0,
  })
  return topics[0]?.partitions[0]?.offset ?? -1
}

scenario('nothing is shown before it is acknowledged', async ({ fixture }) => {
  await fixture.createTopic('t')
  await using observer = await KafkaRawClient.connect(fixture.kafkaPort)
  let answered = 0
  for (let round = 0; round < 20; round++) {
    let isAnswered = false
    const produced = fixture
      .produce('t', batchOfRecords([{ value: `r${round}` }]))
      .then((answer) => {
        isAnswered = true
        return answer
      })
    const shown = await endOf(observer)
    if (shown > answered) {
      // The answer left no later than what is shown, so it is here before another answer.
      await endOf(observer)
      assert.ok(isAnswered, 'what is shown is acknowledged')
    }
    const { errorCode, baseOffset } = await produced
    assert.equal(errorCode, 0)
    assert.equal(baseOffset, round)
    answered = baseOffset + 1
  }
})

scenario('a batch sent twice is stored once, and acknowledged twice', async ({ fixture }) => {
  await fixture.createTopic('t')
  await using other = await KafkaRawClient.connect(fixture.kafkaPort)
  const { producerId = -1, producerEpoch } = await fixture.client.call('initProducerId', {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
  })
  for (let round = 0; round < 10; round++) {
    const batch = batchOfRecords([{ value: `r${round}` }], 'none', {
      producerId,
      producerEpoch,
      baseSequence: round,
    })
    const first = fixture.produce('t', Buffer.from(batch))
    const again = other.call(
      'produce',
      {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 't', topicId: '', partitionData: [{ index: 0, records: batch }] }],
      },
      12,
    )
    const { baseOffset } = await first
    const repeated = (await again).responses[0]?.partitionResponses[0]
    assert.deepEqual([repeated?.errorCode, repeated?.baseOffset], [0, baseOffset])
    assert.equal((await fixture.findOffset('t', latest)).offset, round + 1)
  }
})

/** Reads until `count` values have come, commits behind each, and leaves the group. */
async function readAndLeave(kafka: kafkajs.Kafka, count: number, got: string[]): Promise<void> {
  const consumer: Consumer = kafka.consumer({
    groupId: 'g',
    maxWaitTimeInMs: 50,
    heartbeatInterval: 100,
  })
  const until = got.length + count
  await consumer.connect()
  await consumer.subscribe({ topic: 't', fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    async eachMessage({ topic, partition, message }) {
      if (got.length >= until) return
      const offset = String(Number(message.offset) + 1)
      await consumer.commitOffsets([{ topic, partition, offset }])
      got.push(message.value?.toString() ?? '')
    },
  })
  await waitFor(`${until} values`, () => got.length >= until)
  await consumer.disconnect()
}

scenario('members that come and go read each record once', async ({ fixture, kafka }) => {
  await fixture.createTopic('t')
  const sent = texts(60, 'v')
  await withProducer(kafka, async (producer) => {
    for (const value of sent) await producer.send({ topic: 't', messages: [{ value }] })
  })
  const got: string[] = []
  for (const count of [7, 53]) await readAndLeave(kafka, count, got)
  assert.deepEqual(got, sent)
})

scenario('what is acknowledged to Kafka reaches AMQP, and the other way round', async (setting) => {
  const { fixture, kafka } = setting
  await using session = await AmqpSession.open(fixture.amqpUrl, { noDelay: true })
  const channel = await session.confirmChannel()
  await channel.assertQueue('work', { durable: true })
  const values = texts(40, 'k')
  const bodies = texts(40, 'a')
  const produced = withProducer(kafka, async (producer) => {
    for (const value of values) await producer.send({ topic: 'work', messages: [{ value }] })
  })
  for (const body of bodies) channel.sendToQueue('work', Buffer.from(body), { persistent: true })
  await Promise.all([produced, channel.waitForConfirms()])
  const { offset } = await fixture.findOffset('work', latest)
  assert.equal(offset, values.length + bodies.length)
  const received: string[] = []
  await channel.consume('work', (message) => {
    if (message !== null) received.push(message.content.toString())
  })
  await waitFor('all are delivered', () => received.length === offset)
  assert.deepEqual(
    received.filter((text) => text.startsWith('k')),
    values,
  )
  assert.deepEqual(
    received.filter((text) => text.startsWith('a')),
    bodies,
  )
})

scenario('topics come and go beside producing', async ({ fixture, kafka }) => {
  const workers = texts(3, 'w').map(async (name) => {
    await using client = await KafkaRawClient.connect(fixture.kafkaPort)
    for (const topic of texts(4, `${name}-`)) {
      // Clients of their own: those that live on ask for topics that are gone.
      await withAdmin(kafka, (admin) => admin.createTopics({ topics: [{ topic }] }))
      const messages = texts(10, topic).map((value) => ({ value }))
      await withProducer(kafka, async (producer) => {
        await producer.send({ topic, messages })
      })
      assert.equal(await endOf(client, topic), messages.length)
      await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] }))
      assert.equal(await endOf(client, topic), -1)
    }
  })
  await Promise.all(workers)
  assert.deepEqual(await withAdmin(kafka, (admin) => admin.listTopics()), [])
})

async function withAdmin<T>(kafka: kafkajs.Kafka, body: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await body(admin)
  } finally {
    await admin.disconnect()
  }
}
