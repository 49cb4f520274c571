// Messages by HTTP beside real clients of AMQP and Kafka: what one publishes the others get as it was, and they
// share queues as consumers of one protocol do.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Channel, GetMessage, Options } from 'amqplib'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { HttpMessages, payloadsOf } from '../../support/http-messages.ts'
import { Inbox } from '../../support/inbox.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: RunningBroker
let session: AmqpSession
let channel: Channel
let http: HttpMessages
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  session = await AmqpSession.open(`amqp://guest:guest@127.0.0.1:${broker.addresses['amqp']?.port}`)
  channel = await session.channel()
  http = new HttpMessages(broker.addresses['http']!.port)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

async function declare(options: Options.AssertQueue = {}): Promise<string> {
  const { queue } = await channel.assertQueue(uniqueName('http'), { durable: true, ...options })
  return queue
}

async function nextOf(queue: string): Promise<GetMessage> {
  return waitFor(`a message in ${queue}`, async () => (await channel.get(queue)) || undefined)
}

/** A queue whose dead letters are in the other one. */
async function withGraveyard(args: Record<string, unknown> = {}): Promise<[string, string]> {
  const graveyard = await declare()
  const queue = await declare({
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': graveyard, ...args },
  })
  return [queue, graveyard]
}

function firstDeath({ properties }: GetMessage): { reason?: string; queue?: string } {
  const deaths = properties.headers?.['x-death'] as object[] | undefined
  return deaths?.[0] ?? {}
}

async function firstRecord(topic: string): Promise<KafkaMessage> {
  const brokers = [`127.0.0.1:${broker.addresses['kafka']?.port}`]
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 50 })
  const records: KafkaMessage[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void records.push(message) })
  const record = await waitFor(`a record of ${topic}`, () => records[0])
  await consumer.disconnect()
  return record
}

const allProperties = {
  content_type: 'application/json',
  content_encoding: 'utf-8',
  delivery_mode: 2,
  priority: 7,
  correlation_id: 'c-1',
  reply_to: 'answers',
  expiration: '60000',
  message_id: 'm-1',
  timestamp: 1_700_000_000,
  type: 'user.created',
  user_id: 'guest',
  app_id: 'shop',
  cluster_id: 'one',
  headers: { text: 'grüße', yes: true, count: 7, half: 0.5, list: [1, 'two'], map: { in: 'side' } },
}

it('brings all properties from HTTP to AMQP', async () => {
  const queue = await declare()
  const exchange = uniqueName('exchange')
  await channel.assertExchange(exchange, 'topic')
  await channel.bindQueue(queue, exchange, 'order.*')
  await http.publishTo(exchange, {
    routing_key: 'order.new',
    payload: 'AP8=',
    payload_encoding: 'base64',
    properties: allProperties,
  })
  const { content, fields, properties } = await nextOf(queue)
  assert.deepEqual([...content], [0, 255])
  assert.deepEqual([fields.exchange, fields.routingKey], [exchange, 'order.new'])
  assert.deepEqual(properties, {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 7,
    correlationId: 'c-1',
    replyTo: 'answers',
    expiration: '60000',
    messageId: 'm-1',
    timestamp: 1_700_000_000,
    type: 'user.created',
    userId: 'guest',
    appId: 'shop',
    clusterId: 'one',
    headers: allProperties.headers,
  })
})

it('brings all properties from AMQP to HTTP', async () => {
  const queue = await declare()
  channel.sendToQueue(queue, Buffer.from([0, 255]), {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 7,
    correlationId: 'c-1',
    replyTo: 'answers',
    expiration: '60000',
    messageId: 'm-1',
    timestamp: 1_700_000_000,
    type: 'user.created',
    userId: 'guest',
    appId: 'shop',
    headers: allProperties.headers,
  })
  const [got] = await http.receive(queue)
  const { cluster_id: _, ...expected } = allProperties
  assert.deepEqual(got?.properties, expected)
  assert.deepEqual(
    [got.payload, got.payload_encoding, got.exchange, got.routing_key, got.redelivered],
    ['AP8=', 'base64', '', queue, false],
  )
})

it('brings key, value and headers from HTTP to Kafka, in a stream and in a queue', async () => {
  const stream = await declare({ arguments: { 'x-queue-type': 'stream' } })
  const queue = await declare()
  for (const name of [stream, queue]) {
    const headers = { 'x-key': 'customer-7', source: 'http' }
    await http.publish(name, { payload: 'hello', properties: { headers } })
    const { key, value, headers: got } = await firstRecord(name)
    assert.deepEqual([key?.toString(), value?.toString()], ['customer-7', 'hello'])
    assert.equal(got?.['source']?.toString(), 'http')
  }
})

it('acks, requeues and rejects by HTTP what was published by AMQP', async () => {
  const [queue, graveyard] = await withGraveyard()
  for (const text of ['done', 'again', 'bad']) channel.sendToQueue(queue, Buffer.from(text))
  await waitFor('three', async () => (await channel.checkQueue(queue)).messageCount === 3)
  const [done, again, bad] = await http.receive(queue, { count: 3 })
  const settled = { ack: [done!], requeue: [again!], reject: [bad!] }
  assert.equal(await http.settle(queue, settled), 0)
  assert.equal(await http.settle(queue, settled), 3)
  const returned = await nextOf(queue)
  assert.deepEqual([returned.content.toString(), returned.fields.redelivered], ['again', true])
  const dead = await nextOf(graveyard)
  assert.equal(dead.content.toString(), 'bad')
  const { reason, queue: diedIn } = firstDeath(dead)
  assert.deepEqual([reason, diedIn], ['rejected', queue])
  channel.ackAll()
  await waitFor('it to be empty', async () => (await channel.checkQueue(queue)).messageCount === 0)
})

it('gives the most urgent messages first, whoever published them', async () => {
  const queue = await declare({ arguments: { 'x-max-priority': 9 } })
  const urgent = (priority: number) => ({ payload: `${priority}`, properties: { priority } })
  await http.publish(queue, urgent(1), urgent(9))
  channel.sendToQueue(queue, Buffer.from('5'), { priority: 5 })
  await waitFor('three', async () => (await channel.checkQueue(queue)).messageCount === 3)
  assert.deepEqual(payloadsOf(await http.receive(queue, { count: 2 })), ['9', '5'])
  assert.equal((await nextOf(queue)).content.toString(), '1')
  channel.ackAll()
})

it('counts what comes back for a delivery limit, by whichever protocol', async () => {
  const limits = { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 }
  const [queue, graveyard] = await withGraveyard(limits)
  await http.publish(queue, 'poison')
  const [first] = await http.receive(queue)
  await http.settle(queue, { requeue: [first!] })
  const second = await nextOf(queue)
  assert.equal(second.properties.headers?.['x-delivery-count'], 1)
  channel.nack(second)
  const [third] = await http.receive(queue, { wait_ms: 5000 })
  assert.deepEqual(third?.properties['headers'], { 'x-delivery-count': 2 })
  await http.settle(queue, { requeue: [third] })
  const dead = await nextOf(graveyard)
  assert.equal(firstDeath(dead).reason, 'delivery_limit')
})

it('takes its turn beside consumers of AMQP, and what their prefetch leaves', async () => {
  const queue = await declare()
  const other = await session.channel()
  await other.prefetch(1)
  const inbox = await Inbox.consume(other, queue)
  await http.publish(queue, 'a', 'b', 'c', 'd')
  await inbox.received(1)
  assert.deepEqual(inbox.bodies, ['a'])
  const rest = await http.receive(queue, { count: 10 })
  assert.deepEqual(payloadsOf(rest), ['b', 'c', 'd'])
  other.ack(inbox.messages[0]!)
  await http.settle(queue, { ack: rest.slice(0, 2), requeue: rest.slice(2) })
  await inbox.received(2)
  assert.deepEqual(inbox.bodies, ['a', 'd'])
  other.ack(inbox.messages[1]!)
  // Both wait: each gets one.
  const waiting = http.receive(queue, { wait_ms: 20_000 })
  await waitFor('both', async () => (await channel.checkQueue(queue)).consumerCount === 2)
  await http.publish(queue, 'e', 'f')
  const [mine] = await waiting
  await inbox.received(3)
  assert.deepEqual(new Set([mine?.payload, inbox.bodies[2]]), new Set(['e', 'f']))
  await other.close()
})

it('gives back what was not settled in time, marked as redelivered', async () => {
  const queue = await declare()
  channel.sendToQueue(queue, Buffer.from('slow'))
  const [leased] = await http.receive(queue, { visibility: 1, wait_ms: 5000 })
  assert.equal(leased?.payload, 'slow')
  const inbox = await Inbox.consume(channel, queue)
  const [again] = await inbox.received(1)
  assert.equal(again?.fields.redelivered, true)
  assert.equal(await http.settle(queue, { ack: [leased] }), 1)
  channel.ack(again)
  await channel.cancel(inbox.consumerTag)
})

it('gives what a consumer of AMQP left unacked to who waits by HTTP', async () => {
  const queue = await declare()
  const other = await session.channel()
  const inbox = await Inbox.consume(other, queue)
  await http.publish(queue, 'left')
  await inbox.received(1)
  const waiting = http.receive(queue, { wait_ms: 20_000 })
  await waitFor('both', async () => (await channel.checkQueue(queue)).consumerCount === 2)
  await other.close()
  const [got] = await waiting
  assert.deepEqual([got?.payload, got?.redelivered], ['left', true])
  await http.settle(queue, { ack: [got!] })
})

it('shows who receives by HTTP among the consumers, with what AMQP has', async () => {
  const queue = await declare()
  const inbox = await Inbox.consume(channel, queue)
  const waiting = http.receive(queue, { wait_ms: 20_000 })
  await waitFor('both', async () => (await channel.checkQueue(queue)).consumerCount === 2)
  const [, shown] = await http.ask(`GET /queues/%2F/${queue}`)
  const { consumer_details: details, consumers } = shown as {
    consumers: number
    consumer_details: { consumer_tag: string; channel_details: object }[]
  }
  assert.equal(consumers, 2)
  assert.deepEqual(
    new Set(details.map(({ consumer_tag: tag }) => tag)),
    new Set([inbox.consumerTag, `http-${queue}`]),
  )
  const [amqp, byHttp] = details.map(({ channel_details: of }) => new Set(Object.keys(of)))
  assert.deepEqual(amqp, byHttp)
  await channel.cancel(inbox.consumerTag)
  await http.publish(queue, 'm')
  assert.deepEqual(payloadsOf(await waiting), ['m'])
})
