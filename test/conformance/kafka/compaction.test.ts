// Compaction through clients that others wrote: what they produced is compacted while they look, and read again
// after a kill.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import amqp from 'amqplib'
import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs'
import { batchSizeAt, lastOffsetOf, recordCountOf } from '../../../src/record/batch/batch-header.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { readTopic } from '../../support/read-topic.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const brokerResource = 4
const keyCount = 20
const atOnce = {
  'cleanup.policy': 'compact',
  'segment.ms': '1',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
}

let broker: TestBroker
let kafka: Kafka
let producer: Producer

before(async () => {
  broker = await TestBroker.start(['--kafka-port', '0', '--http-port', 'off'])
  await connect()
  const admin = kafka.admin()
  await admin.connect()
  // Every second, which is how often Pabal looks whether the time is over.
  const backoff = { name: 'log.cleaner.backoff.ms', value: '0' }
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: brokerResource, name: '1', configEntries: [backoff] }],
  })
  await admin.disconnect()
})
after(async () => {
  await producer.disconnect()
  await broker[Symbol.asyncDispose]()
})

async function connect(): Promise<void> {
  kafka = new Kafka({ brokers: [`127.0.0.1:${broker.kafkaPort}`], logLevel: logLevel.NOTHING })
  producer = kafka.producer()
  await producer.connect()
}

async function createTopic(topic: string, configs: Record<string, string> = atOnce): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic, configEntries }] })
  await admin.disconnect()
}

async function update(topic: string, round: number, compression: CompressionTypes): Promise<void> {
  const messages = Array.from({ length: keyCount }, (_, n) => ({
    key: `key ${n}`,
    value: `value ${round}`,
  }))
  await producer.send({ topic, messages, compression })
}

/** Key and value of all records, once there are only so many. */
async function compacted(topic: string, count: number): Promise<string[]> {
  await using client = await KafkaRawClient.connect(broker.kafkaPort)
  await waitFor('only the latest are left', async () => (await countIn(topic, client)) <= count)
  const records = await readTopic(broker.kafkaPort, topic)
  return records.map(({ offset, key, value }) => `${offset} ${key}=${value}`)
}

async function countIn(topic: string, client: KafkaRawClient): Promise<number> {
  let count = 0
  for (let fetchOffset = 0; ;) {
    const start = fetchFromStart(topic, 1_000_000)
    const partitions = start.partitions.map((each) => ({ ...each, fetchOffset }))
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000 }
    const request = fetchRequest([{ ...start, partitions }], limits)
    const { responses } = await client.call('fetch', request, 12)
    const { records, highWatermark } = responses[0]!.partitions[0]!
    const batches = Buffer.concat([records ?? []].flat())
    for (let at = 0; at < batches.length; at += batchSizeAt(batches, at)) {
      const batch = batches.subarray(at)
      count += recordCountOf(batch)
      fetchOffset = lastOffsetOf(batch) + 1
    }
    if (fetchOffset >= highWatermark) return count
  }
}

describe('a compacted topic', () => {
  it('keeps the latest record of each key at its offset, whatever the compression', async () => {
    await createTopic('updates')
    const compressions = [CompressionTypes.None, CompressionTypes.GZIP]
    for (let round = 0; round < 10; round++)
      await update('updates', round, compressions[round % 2]!)
    await producer.send({ topic: 'updates', messages: [{ key: 'end', value: '' }] })
    const expected = Array.from(
      { length: keyCount },
      (_, n) => `${9 * keyCount + n} key ${n}=value 9`,
    )
    expected.push(`${10 * keyCount} end=`)
    assert.deepEqual(await compacted('updates', keyCount + 1), expected)
    await broker.kill()
    await broker.restart()
    await connect()
    assert.deepEqual(await compacted('updates', keyCount + 1), expected)
  })

  it('is fetched from an offset within a gap on from the next record', async () => {
    const consumer = kafka.consumer({ groupId: 'gap' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'updates', fromBeginning: true })
    const first = Promise.withResolvers<string>()
    await consumer.run({
      eachMessage: ({ message }) => Promise.resolve(first.resolve(message.offset)),
    })
    consumer.seek({ topic: 'updates', partition: 0, offset: '5' })
    assert.equal(await first.promise, String(9 * keyCount))
    await consumer.disconnect()
  })

  it('finds offsets by time over its gaps', async () => {
    const admin = kafka.admin()
    await admin.connect()
    const [found] = await admin.fetchTopicOffsetsByTimestamp('updates', 0)
    assert.equal(found?.offset, String(9 * keyCount))
    const [ends] = await admin.fetchTopicOffsets('updates')
    assert.deepEqual([ends?.low, ends?.high], ['0', String(10 * keyCount + 1)])
    await admin.disconnect()
  })

  it('forgets a key after its tombstone', async () => {
    await createTopic('deleted')
    const send = (key: string, value: string | null): Promise<unknown> =>
      producer.send({ topic: 'deleted', messages: [{ key, value }] })
    await send('gone', 'value')
    await send('kept', 'value')
    await send('gone', null)
    await send('end', '')
    assert.deepEqual(await compacted('deleted', 2), ['1 kept=value', '3 end='])
  })

  it('refuses a record without a key (INVALID_RECORD)', async () => {
    await assert.rejects(
      producer.send({ topic: 'deleted', messages: [{ value: 'no key' }] }),
      /failed the validation on broker/,
    )
  })

  it('has messages of AMQP, and gives its records to AMQP consumers and queues with a source', async () => {
    await createTopic('mixed')
    const connection = await amqp.connect(`amqp://127.0.0.1:${broker.port}`)
    const channel = await connection.createConfirmChannel()
    await channel.assertExchange('changes', 'topic')
    await channel.bindQueue('mixed', 'changes', '#')
    for (let round = 0; round < 3; round++) {
      channel.publish('changes', 'a', Buffer.from(`amqp ${round}`))
      await channel.waitForConfirms()
      await producer.send({ topic: 'mixed', messages: [{ key: 'b', value: `kafka ${round}` }] })
    }
    await producer.send({ topic: 'mixed', messages: [{ key: 'end', value: '' }] })
    assert.deepEqual(await compacted('mixed', 3), ['4 a=amqp 2', '5 b=kafka 2', '6 end='])
    const read = async (queue: string, options: amqp.Options.Consume): Promise<string[]> => {
      const bodies: string[] = []
      const { consumerTag } = await channel.consume(
        queue,
        (message) => {
          if (message !== null) bodies.push(message.content.toString())
          if (message !== null) channel.ack(message)
        },
        options,
      )
      await waitFor('three messages', () => bodies.length === 3)
      await channel.cancel(consumerTag)
      return bodies
    }
    await channel.prefetch(10)
    const expected = ['amqp 2', 'kafka 2', '']
    const fromFirst = { arguments: { 'x-stream-offset': 'first' } }
    assert.deepEqual(await read('mixed', fromFirst), expected)
    const args = { 'x-source': 'mixed', 'x-source-offset': 'first' }
    const declared = await channel.assertQueue('workers', { durable: true, arguments: args })
    assert.equal(declared.messageCount, 3, 'what is gone is in no count')
    assert.deepEqual(await read('workers', {}), expected)
    const { messageCount } = await channel.checkQueue('workers')
    assert.equal(messageCount, 0)
    await connection.close()
  })
})
