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
  broker = await StompUnderTest.start({ kafkaPort: 0, mqttPort: 0, httpPort: 0 })
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

test('AMQP with the header x-mqtt-retain → a retained message of the topic; an empty one clears it', async () => {
  const channel = await broker.session.confirmChannel()
  const retain = { headers: { 'x-mqtt-retain': true }, persistent: true }
  const publishRetained = async (key: string, body: string): Promise<void> => {
    channel.publish('amq.topic', key, Buffer.from(body), retain)
    await channel.waitForConfirms()
  }
  await publishRetained('kept.by.amqp', 'first')
  await publishRetained('kept.by.amqp', 'second')
  channel.publish('amq.fanout', 'kept.elsewhere', Buffer.from('x'), retain)
  const retained = async (): Promise<IPublishPacket> => {
    received.length = 0
    await client.subscribeAsync('kept/#', { qos: 1 })
    const packet = await waitFor('a retained message', () => received[0])
    await client.unsubscribeAsync('kept/#')
    return packet
  }
  const packet = await retained()
  const { topic, payload, qos, retain: isRetained } = packet
  assert.deepEqual(
    [topic, payload.toString(), qos, isRetained],
    ['kept/by/amqp', 'second', 1, true],
  )
  await publishRetained('kept.by.amqp', '')
  await publishRetained('kept.later', 'later')
  const next = await retained()
  assert.deepEqual([next.topic, next.payload.toString()], ['kept/later', 'later'])
  channel.on('error', () => undefined)
  const closed = new Promise<Error>((resolve) => channel.once('error', resolve))
  channel.publish('amq.topic', 'a.*', Buffer.from('x'), retain)
  assert.match((await closed).message, /PRECONDITION_FAILED.*x-mqtt-retain: 'a\/\+'/)
})

test('AMQP with a header of MQTT’s topics → the topic of its key, also for what is retained', async () => {
  const channel = await broker.session.confirmChannel()
  const headers = { 'mqtt.topic': 'locked/door', 'x-mqtt-retain': true }
  const packet = await delivered('#', async () => {
    channel.publish('amq.topic', 'open.door', Buffer.from('x'), { headers, persistent: true })
    await channel.waitForConfirms()
  })
  assert.equal(packet.topic, 'open/door')
  received.length = 0
  await client.subscribeAsync(['locked/#', 'open/#'], { qos: 1 })
  const kept = await waitFor('what is retained', () => received[0])
  assert.deepEqual([kept.topic, kept.retain], ['open/door', true])
  await client.unsubscribeAsync(['locked/#', 'open/#'])
})

/** What a new subscription gets that is retained, up to `end`, whose retained message comes last. */
async function retainedBelow(level: string, end: string): Promise<string[]> {
  await client.publishAsync(`${level}/${end}`, 'end', { qos: 1, retain: true })
  received.length = 0
  await client.subscribeAsync(`${level}/#`, { qos: 1 })
  await waitFor('the last', () => received.some(({ topic }) => topic === `${level}/${end}`))
  await client.unsubscribeAsync(`${level}/#`)
  const found = received.map(({ topic, payload }) => `${topic}=${payload.toString()}`)
  return found.filter((text) => text !== `${level}/${end}=end`).toSorted()
}

test('STOMP with the header x-mqtt-retain → a retained message of the topic; an empty one clears it', async () => {
  const stomp = await broker.client()
  const retain = { 'x-mqtt-retain': 'true' }
  const send = (destination: string, body: string, headers: object = retain): Promise<unknown> =>
    stomp.done('SEND', { destination, ...headers }, body)
  await send('/topic/stomp.kept', 'first')
  await send('/exchange/amq.topic/stomp.kept', 'second')
  await send('/topic/stomp.gone', 'x')
  await send('/topic/stomp.gone', '')
  await send('/topic/stomp.not', 'x', { 'x-mqtt-retain': 'false' })
  await send('/topic/stomp.not', 'x', { 'x-mqtt-retain': '1' })
  await send('/exchange/amq.fanout/stomp.elsewhere', 'x')
  await stomp.done('BEGIN', { transaction: 't' })
  const keep = (name: string, body: string, transaction: string): void =>
    stomp.send('SEND', { destination: `/topic/stomp.${name}`, ...retain, transaction }, body)
  keep('committed', 'later', 't')
  keep('gone', 'x', 't')
  keep('gone', '', 't')
  // All that was sent before is done.
  await send('/topic/nobody', 'x', {})
  assert.deepEqual(await retainedBelow('stomp', 'one'), ['stomp/kept=second'])
  await stomp.done('COMMIT', { transaction: 't' })
  await stomp.done('BEGIN', { transaction: 'u' })
  keep('kept', 'never', 'u')
  await stomp.done('ABORT', { transaction: 'u' })
  const committed = ['stomp/committed=later', 'stomp/kept=second', 'stomp/one=end']
  assert.deepEqual(await retainedBelow('stomp', 'two'), committed)
  stomp.send('SEND', { destination: '/topic/a.*', ...retain }, 'x')
  const { headers, body } = await stomp.expect('ERROR')
  assert.equal(headers['message'], 'precondition_failed')
  assert.match(body, /x-mqtt-retain: 'a\/\+'/)
})

test('HTTP with the header x-mqtt-retain → a retained message of the topic; an empty one clears it', async () => {
  const call = async (path: string, body: object): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${broker.portOf('http')}/api/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
      body: JSON.stringify(body),
    })
    return `${response.status} ${await response.text()}`
  }
  const message = (routingKey: string, payload: string, isRetained: unknown = true): object => ({
    routing_key: routingKey,
    properties: { headers: { 'x-mqtt-retain': isRetained } },
    payload,
    payload_encoding: 'string',
  })
  const publishOne = 'exchanges/%2F/amq.topic/publish'
  assert.match(await call(publishOne, message('http.one', 'x')), /^200/)
  assert.match(await call(publishOne, message('http.gone', 'x')), /^200/)
  const many = ['gone', 'two', 'not'].map((name) => {
    const payload = name === 'gone' ? '' : 'x'
    return message(`http.${name}`, payload, name === 'not' ? 'true' : true)
  })
  const wrong = message('a.*', 'x')
  const batch = await call('v1/exchanges/%2F/amq.topic/messages', { messages: [...many, wrong] })
  assert.match(batch, /^200.*"refused","reason":"x-mqtt-retain: 'a\/\+'/)
  assert.match(await call(publishOne, wrong), /^400.*x-mqtt-retain: 'a\/\+'/)
  assert.deepEqual(await retainedBelow('http', 'end'), ['http/one=x', 'http/two=x'])
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
