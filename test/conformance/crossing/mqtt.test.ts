// MQTT with AMQP, STOMP and Kafka: what one sends, the others read, an arrow of the table of conversions each.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ConsumeMessage } from 'amqplib'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import mqtt, { type IClientPublishOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { uniqueName } from '../../support/broker-under-test.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
let kafka: Kafka
let client: MqttClient
const received: IPublishPacket[] = []

before(async () => {
  broker = await StompUnderTest.start({ kafkaPort: 0, mqttPort: 0 })
  const brokers = [`127.0.0.1:${broker.portOf('kafka')}`]
  kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.portOf('mqtt')}`, {
    protocolVersion: 5,
  })
  client.on('message', (_, __, packet) => received.push(packet))
})
after(async () => {
  await client.endAsync()
  await broker[Symbol.asyncDispose]()
})

const properties = {
  contentType: 'text/plain',
  responseTopic: 'answers/here',
  correlationData: Buffer.from('c-1'),
  messageExpiryInterval: 60,
  userProperties: { unit: '°C' },
} as const

async function publish(topic: string, options: IClientPublishOptions = {}): Promise<void> {
  await client.publishAsync(topic, '21', { qos: 1, ...options })
}

/** What comes by a filter after `send`. */
async function delivered(filter: string, send: () => Promise<unknown>): Promise<IPublishPacket> {
  await client.subscribeAsync(filter, { qos: 1 })
  received.length = 0
  await send()
  const packet = await waitFor(`a message of ${filter}`, () => received[0])
  await client.unsubscribeAsync(filter)
  return packet
}

/** What a queue that is bound to amq.topic gets after `send`. */
async function taken(key: string, send: () => Promise<unknown>): Promise<ConsumeMessage> {
  const channel = await broker.session.channel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'amq.topic', key)
  const messages: ConsumeMessage[] = []
  await channel.consume(queue, (message) => message && messages.push(message), { noAck: true })
  await send()
  return waitFor(`a message with key ${key}`, () => messages[0])
}

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

test('PUBLISH a/b → AMQP: exchange amq.topic, key a.b, properties are properties and headers', async () => {
  const message = await taken('sensor.*', () => publish('sensor/1', { properties }))
  assert.equal(message.content.toString(), '21')
  assert.deepEqual([message.fields.exchange, message.fields.routingKey], ['amq.topic', 'sensor.1'])
  const { contentType, correlationId, deliveryMode, expiration, headers } = message.properties
  assert.deepEqual([contentType, correlationId, deliveryMode], ['text/plain', 'c-1', 2])
  assert.ok(Number(expiration) > 50_000 && Number(expiration) <= 60_000)
  assert.equal(headers?.['unit'], '°C')
  assert.equal(headers?.['x-reply-to-topic'], 'answers.here')
})

test('PUBLISH of QoS 0 → AMQP: delivery mode 1', async () => {
  const message = await taken('brief.#', () => publish('brief/1', { qos: 0 }))
  assert.equal(message.properties.deliveryMode, 1)
})

test('AMQP → SUBSCRIBE: key a.b is topic a/b, persistent is QoS 1, expiration counts in seconds', async () => {
  const channel = await broker.session.confirmChannel()
  const packet = await delivered('from/amqp/+', async () =>
    channel.publish('amq.topic', 'from.amqp.1', Buffer.from('x'), {
      persistent: true,
      contentType: 'text/plain',
      correlationId: 'c-2',
      expiration: '12707',
      headers: { text: 'ä', flag: true, list: [1] },
    }),
  )
  assert.deepEqual([packet.topic, packet.qos, packet.retain], ['from/amqp/1', 1, false])
  const found = packet.properties
  assert.deepEqual(
    [found?.contentType, found?.correlationData?.toString(), found?.messageExpiryInterval],
    ['text/plain', 'c-2', 12],
  )
  assert.equal(found?.userProperties?.['text'], 'ä')
  assert.equal(found?.userProperties?.['list'], undefined)
})

test('AMQP without delivery mode → SUBSCRIBE: QoS 0', async () => {
  const channel = await broker.session.confirmChannel()
  const packet = await delivered('from/amqp/+', async () =>
    channel.publish('amq.topic', 'from.amqp.2', Buffer.from('x'), { persistent: false }),
  )
  assert.equal(packet.qos, 0)
})

test('PUBLISH → STOMP: destination /topic/a.b, user properties are headers', async () => {
  const stomp = await broker.client()
  await stomp.done('SUBSCRIBE', { destination: '/topic/to.stomp', id: '1' })
  await publish('to/stomp', { properties })
  const { headers, body } = await stomp.expect('MESSAGE')
  assert.equal(body, '21')
  assert.deepEqual(
    [headers['destination'], headers['content-type'], headers['correlation-id'], headers['unit']],
    ['/topic/to.stomp', 'text/plain', 'c-1', '°C'],
  )
  assert.equal(headers['persistent'], 'true')
})

test('SEND to /topic/a.b → SUBSCRIBE to a/b', async () => {
  const stomp = await broker.client()
  const headers = { 'content-type': 'text/plain', persistent: 'true', unit: 'K' }
  const packet = await delivered('from/stomp', () =>
    stomp.done('SEND', { destination: '/topic/from.stomp', ...headers }, '294'),
  )
  assert.deepEqual([packet.topic, packet.qos, packet.payload.toString()], ['from/stomp', 1, '294'])
  assert.equal(packet.properties?.contentType, 'text/plain')
  assert.equal(packet.properties?.userProperties?.['unit'], 'K')
})

test('PUBLISH → a stream that is bound → Kafka: key is the routing key, headers are headers', async () => {
  const channel = await broker.session.channel()
  await channel.assertQueue('mqtt-readings', {
    durable: true,
    arguments: { 'x-queue-type': 'stream' },
  })
  await channel.bindQueue('mqtt-readings', 'amq.topic', 'reading.#')
  await publish('reading/1', { properties })
  const record = await firstRecord('mqtt-readings')
  assert.deepEqual([record.value?.toString(), record.key?.toString()], ['21', 'reading.1'])
  assert.equal(record.headers?.['unit']?.toString(), '°C')
})

test('PUBLISH to a topic with dots → AMQP and back: the topic stays what it was', async () => {
  const packet = await delivered('plant/1.2/temp', async () => {
    const message = await taken('plant.#', () => publish('plant/1.2/temp'))
    assert.equal(message.fields.routingKey, 'plant.1.2.temp')
  })
  assert.equal(packet.topic, 'plant/1.2/temp')
})
