// STOMP and Kafka: what one sends, the other reads, with key and headers. (STOMP and AMQP: test/conformance/stomp.)
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import { uniqueName } from '../../support/broker-under-test.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
let kafka: Kafka
before(async () => {
  broker = await StompUnderTest.start({ kafkaPort: 0 })
  const brokers = [`127.0.0.1:${broker.portOf('kafka')}`]
  kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
})
after(() => broker[Symbol.asyncDispose]())

async function firstRecord(topic: string): Promise<KafkaMessage> {
  const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 50 })
  const records: KafkaMessage[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void records.push(message) })
  const record = await waitFor(`a record of ${topic}`, () => records[0])
  await consumer.disconnect()
  return record
}

const textOf = (
  value: Buffer | string | (Buffer | string)[] | null | undefined,
): string | undefined =>
  value === null || value === undefined || Array.isArray(value) ? undefined : value.toString()

test('SEND to /topic/ → a stream that is bound → Kafka: key is the routing key, headers are headers', async () => {
  const channel = await broker.session.channel()
  await channel.assertQueue('readings', { durable: true, arguments: { 'x-queue-type': 'stream' } })
  await channel.bindQueue('readings', 'amq.topic', 'sensor.#')
  const client = await broker.client()
  const headers = { 'content-type': 'text/plain', 'correlation-id': 'c', unit: '°C' }
  await client.done('SEND', { destination: '/topic/sensor.1', ...headers }, '21')
  const record = await firstRecord('readings')
  assert.deepEqual([textOf(record.value), textOf(record.key)], ['21', 'sensor.1'])
  assert.equal(textOf(record.headers?.['unit']), '°C')
  assert.equal(textOf(record.headers?.['amqp.content-type']), 'text/plain')
})

test('SEND to /queue/ → Kafka reads the queue as a topic', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/as-topic', persistent: 'true' }, 'x')
  assert.equal(textOf((await firstRecord('as-topic')).value), 'x')
})

test('Kafka → SUBSCRIBE to the topic: MESSAGE has what the record had', async () => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({
    topic: 'orders',
    messages: [{ key: 'k', value: 'order', partition: 1, headers: { source: 'a:b\n' } }],
  })
  const client = await broker.client()
  await client.done('SUBSCRIBE', {
    destination: '/amq/queue/orders',
    id: 'o',
    ack: 'client',
    'prefetch-count': 10,
    'x-stream-offset': 'first',
  })
  const { headers, body } = await client.expect('MESSAGE')
  assert.equal(body, 'order')
  assert.equal(headers['source'], 'a\\cb\\n')
  assert.deepEqual([headers['x-stream-offset'], headers['x-stream-partition']], ['0', '1'])
  await client.done('ACK', { id: headers['ack'] })
  await Promise.all([producer.disconnect(), admin.disconnect()])
})
