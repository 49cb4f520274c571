// Every property and every type of header that amqplib can send, through both brokers' clients: what
// amqplib published, kafkajs reads; what kafkajs then produces of it, amqplib reads as it was.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Channel, ConsumeMessage, Options } from 'amqplib'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: RunningBroker
let session: AmqpSession
let channel: Channel
let kafka: Kafka
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 'off',
  })
  session = await AmqpSession.open(`amqp://guest:guest@127.0.0.1:${broker.addresses['amqp']?.port}`)
  channel = await session.channel()
  await channel.prefetch(10)
  const brokers = [`127.0.0.1:${broker.addresses['kafka']?.port}`]
  kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

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

async function firstMessage(queue: string): Promise<ConsumeMessage> {
  const inbox = await Inbox.consume(channel, queue)
  const [message] = await inbox.received(1)
  await channel.cancel(inbox.consumerTag)
  channel.ackAll()
  return message!
}

const typed = (type: string, value: unknown): object => ({ '!': type, value })

const sent: Options.Publish = {
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  deliveryMode: true,
  priority: 7,
  correlationId: 'c-1',
  replyTo: 'answers',
  expiration: '60000',
  messageId: 'm-1',
  timestamp: 1_700_000_000,
  type: 'user.created',
  appId: 'shop',
  headers: {
    'x-key': 'user-1',
    text: 'grüße',
    yes: true,
    nothing: null,
    byte: typed('byte', -5),
    short: typed('short', -300),
    int: typed('int', 70_000),
    long: typed('long', 5_000_000_000),
    float: typed('float', 0.5),
    double: typed('double', 0.1),
    decimal: typed('decimal', { places: 2, digits: 314 }),
    time: typed('timestamp', 1_600_000_000),
    bytes: Buffer.from([0xff, 0]),
    list: ['a', 1, { b: false }],
    table: { a: 1, b: ['c'], when: typed('timestamp', 1) },
  },
}

const seenByKafka: Readonly<Record<string, string>> = {
  'amqp.exchange': '',
  'amqp.content-type': 'application/json',
  'amqp.content-encoding': 'utf-8',
  'amqp.delivery-mode': '2',
  'amqp.priority': '7',
  'amqp.correlation-id': 'c-1',
  'amqp.reply-to': 'answers',
  'amqp.expiration': '60000',
  'amqp.message-id': 'm-1',
  'amqp.timestamp': '1700000000',
  'amqp.type': 'user.created',
  'amqp.app-id': 'shop',
  text: 'grüße',
  yes: 'true',
  byte: '-5',
  short: '-300',
  int: '70000',
  long: '5000000000',
  float: '0.5',
  double: '0.1',
  decimal: '3.14',
  time: '1600000000',
  bytes: Buffer.from([0xff, 0]).toString(),
  // amqplib writes the smallest type that holds a number.
  list: '["a",{"$byte":"1"},{"b":false}]',
  table: '{"a":{"$byte":"1"},"b":["c"],"when":{"$timestamp":"1"}}',
}

it('reaches Kafka with everything it has, and comes back as it was', async () => {
  const [queue, again] = [uniqueName('all'), uniqueName('again')]
  for (const name of [queue, again]) await channel.assertQueue(name)
  channel.sendToQueue(queue, Buffer.from('{}'), sent)

  const record = await firstRecord(queue)
  const { headers = {} } = record
  const texts = Object.entries(headers).map(([name, value]) => [name, value?.toString()])
  const { 'amqp.header-types': types, ...others } = Object.fromEntries(texts)
  assert.deepEqual(others, { ...seenByKafka, 'amqp.routing-key': queue, nothing: undefined })
  assert.deepEqual(JSON.parse(String(types)), {
    yes: 'bool',
    byte: 'byte',
    short: 'short',
    int: 'signedint',
    long: 'long',
    float: 'float',
    double: 'double',
    decimal: 'decimal',
    time: 'timestamp',
    list: 'array',
    table: 'table',
  })
  assert.equal(record.key?.toString(), 'user-1')
  assert.ok(Math.abs(Date.now() - Number(record.timestamp)) < 60_000)

  const published = await firstMessage(queue)
  const { headers: publishedHeaders = {}, ...properties } = published.properties
  // kafkajs cannot produce a header without a value.
  for (const each of [headers, publishedHeaders]) delete each['nothing']
  const producer = kafka.producer()
  await producer.connect()
  const { key, value } = record
  await producer.send({ topic: again, messages: [{ key, value, headers }] })
  await producer.disconnect()
  const returned = await firstMessage(again)
  assert.deepEqual(returned.properties, { ...properties, headers: publishedHeaders })
  assert.deepEqual(returned.content, published.content)
  assert.equal(returned.fields.routingKey, queue)
})
