// What RabbitMQ's management API counts, counted where it happens: for queues, exchanges and clients.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { defaultVHost } from '../../src/broker/broker.ts'
import type { ClientCounters } from '../../src/broker/counters/client-counters.ts'
import type { ExchangeCounters } from '../../src/broker/counters/exchange-counters.ts'
import type { QueueCounters } from '../../src/broker/counters/queue-counters.ts'
import type { FetchRequest } from '../../src/codec/kafka/messages/fetch.gen.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { openKafkaBeside } from '../support/open-kafka-beside.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: BrokerInProcess
let session: AmqpSession
let channel: Channel
beforeEach(async () => {
  broker = await BrokerInProcess.start()
  session = await AmqpSession.open(broker.url)
  channel = await session.channel()
})
afterEach(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

function fetchOf(topic: string): FetchRequest {
  const sizes = { minBytes: 0, maxBytes: 1_000_000 }
  return fetchRequest([fetchFromStart(topic, 1_000_000)], { maxWaitMs: 0, ...sizes })
}

/** Those that have counted something. */
function counted(counters: QueueCounters | ExchangeCounters | ClientCounters): object {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count !== 0))
}

const ofQueue = (name: string): object =>
  counted(broker.broker.getVHost(defaultVHost).getQueue(name).counters)
const ofExchange = (name: string): object =>
  counted(broker.broker.getVHost(defaultVHost).getExchange(name).counters)
const ofClient = (): object => counted([...broker.clients][0]?.counters as ClientCounters)

/** Consumes from `a` until `count` deliveries were handled. */
async function consume(
  { count, noAck }: { readonly count: number; readonly noAck: boolean },
  handle: (message: ConsumeMessage) => void,
): Promise<void> {
  let handled = 0
  const { consumerTag } = await channel.consume(
    'a',
    (message) => {
      if (message === null) return
      handled++
      handle(message)
    },
    { noAck },
  )
  await waitFor(`${count} deliveries`, () => handled === count)
  await channel.cancel(consumerTag)
}

test('publishes, returns and drops', async () => {
  const confirming: ConfirmChannel = await session.confirmChannel()
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await channel.assertExchange('all', 'fanout')
  await channel.bindQueue('a', 'all', '')
  await channel.bindQueue('b', 'all', '')
  for (let count = 0; count < 3; count++) confirming.publish('all', '', Buffer.from('x'))
  confirming.sendToQueue('a', Buffer.from('x'))
  confirming.publish('amq.direct', 'nowhere', Buffer.from('x'), { mandatory: true })
  confirming.publish('amq.direct', 'nowhere', Buffer.from('x'))
  await confirming.waitForConfirms()
  assert.deepEqual(ofQueue('a'), { published: 4 })
  assert.deepEqual(ofQueue('b'), { published: 3 })
  assert.deepEqual(ofExchange('all'), { publishedIn: 3, publishedOut: 6 })
  assert.deepEqual(ofExchange(''), { publishedIn: 1, publishedOut: 1 })
  assert.deepEqual(ofExchange('amq.direct'), { publishedIn: 2, returned: 1, dropped: 1 })
  assert.deepEqual(ofClient(), {
    published: 6,
    confirmable: 6,
    routed: 7,
    confirmed: 6,
    returned: 1,
    dropped: 1,
    channels: 2,
  })
})

test('what headers and carbon copies route counts for the exchange that was named', async () => {
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await channel.bindQueue('a', 'amq.headers', '', { 'x-match': 'all', kind: 'x' })
  for (const kind of ['x', 'y', 'x']) {
    channel.publish('amq.headers', '', Buffer.from('1'), { headers: { kind } })
  }
  channel.publish('', 'a', Buffer.from('1'), { CC: ['b'] })
  await channel.checkQueue('a')
  assert.deepEqual(ofExchange('amq.headers'), { publishedIn: 3, publishedOut: 2, dropped: 1 })
  assert.deepEqual(ofExchange(''), { publishedIn: 1, publishedOut: 2 })
  assert.deepEqual([ofQueue('a'), ofQueue('b')], [{ published: 3 }, { published: 1 }])
})

test('deliveries with and without acks, and what comes back', async () => {
  await channel.assertQueue('a')
  for (let count = 0; count < 3; count++) channel.sendToQueue('a', Buffer.from('x'))
  let isFirst = true
  await consume({ count: 4, noAck: false }, (message) => {
    if (isFirst) channel.nack(message, false, true)
    else channel.ack(message)
    isFirst = false
  })
  channel.sendToQueue('a', Buffer.from('x'))
  await consume({ count: 1, noAck: true }, () => undefined)
  const delivered = { delivered: 4, deliveredNoAck: 1, redelivered: 1, acked: 3 }
  assert.deepEqual(ofQueue('a'), { published: 4, ...delivered })
  assert.deepEqual(ofClient(), { published: 4, routed: 4, channels: 1, ...delivered })
})

test('messages that are taken one by one', async () => {
  await channel.assertQueue('a')
  for (let count = 0; count < 3; count++) channel.sendToQueue('a', Buffer.from('x'))
  const first = await channel.get('a')
  assert.ok(first)
  channel.nack(first, false, true)
  const again = await channel.get('a')
  assert.ok(again)
  channel.ack(again)
  await channel.get('a', { noAck: true })
  const rejected = await channel.get('a')
  assert.ok(rejected)
  channel.reject(rejected, false)
  assert.equal(await channel.get('a'), false)
  const taken = { got: 3, gotNoAck: 1, gotEmpty: 1, redelivered: 1, acked: 1 }
  assert.deepEqual(ofQueue('a'), { published: 3, ...taken })
  assert.deepEqual(ofClient(), { published: 3, routed: 3, channels: 1, ...taken })
})

test('a transaction counts when it is committed', async () => {
  await using raw = await RawClient.openChannel(broker.port)
  await channel.assertQueue('a')
  channel.sendToQueue('a', Buffer.from('x'))
  await channel.checkQueue('a')
  const ofRaw = (): object => counted([...broker.clients][1]?.counters as ClientCounters)
  await raw.call(1, 'tx.select')
  raw.send(1, 'basic.get', { queue: 'a' })
  await raw.expectMessage(1, 'basic.get-ok')
  raw.send(1, 'basic.ack', { deliveryTag: 1 })
  raw.publish(1, { routingKey: 'a' }, 'y')
  raw.publish(1, { routingKey: 'nobody' }, 'y')
  await raw.call(1, 'queue.declare', { queue: 'a', passive: true })
  assert.deepEqual(ofRaw(), { got: 1, channels: 1 })
  await raw.call(1, 'tx.commit')
  const committed = { acked: 1, published: 2, routed: 1, dropped: 1 }
  assert.deepEqual(ofRaw(), { got: 1, channels: 1, ...committed })
  assert.deepEqual(ofQueue('a'), { published: 2, got: 1, acked: 1 })
})

test('direct replies count for the clients alone', async () => {
  let answer = ''
  await channel.consume(
    'amq.rabbitmq.reply-to',
    (message) => (answer = message?.content.toString() ?? ''),
    { noAck: true },
  )
  await channel.assertQueue('a')
  channel.sendToQueue('a', Buffer.from('x'), { replyTo: 'amq.rabbitmq.reply-to' })
  const request = await channel.get('a', { noAck: true })
  assert.ok(request)
  channel.sendToQueue(String(request.properties.replyTo), Buffer.from('answer'))
  await waitFor('the answer', () => answer === 'answer')
  const answered = { deliveredNoAck: 1, answered: 1 }
  assert.deepEqual(ofClient(), { published: 2, routed: 2, gotNoAck: 1, channels: 1, ...answered })
})

test('streams and Kafka clients', async () => {
  await channel.assertQueue('log', { arguments: { 'x-queue-type': 'stream' } })
  await channel.assertQueue('jobs')
  channel.sendToQueue('log', Buffer.from('x'))
  await channel.prefetch(10)
  await using beside = await openKafkaBeside(broker)
  await using kafka = await KafkaRawClient.connect(beside.port)
  for (const topic of ['log', 'jobs']) {
    const records = batchOfRecords([{ value: 'a' }, { value: 'b' }])
    const partitionData = [{ index: 0, records }]
    await kafka.call(
      'produce',
      {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: topic, topicId: '', partitionData }],
      },
      12,
    )
  }
  await kafka.call('fetch', fetchOf('log'), 12)
  await kafka.call('fetch', fetchOf('jobs'), 12)
  let count = 0
  await channel.consume(
    'log',
    (message) => {
      if (message === null) return
      channel.ack(message)
      count++
    },
    { arguments: { 'x-stream-offset': 'first' } },
  )
  await waitFor('the stream', () => count === 3)
  await waitFor('its acks', () => 'acked' in ofQueue('log') && count === 3)
  await channel.checkQueue('jobs')
  assert.deepEqual(ofQueue('log'), {
    published: 3,
    produced: 2,
    fetched: 3,
    delivered: 3,
    acked: 3,
  })
  assert.deepEqual(ofQueue('jobs'), { published: 2, produced: 2, fetched: 2 })
  const [, ofKafka] = [...broker.clients]
  assert.ok(ofKafka)
  const { producedSize, fetchedSize } = ofKafka.counters
  const produced = { published: 4, confirmable: 4, routed: 4, confirmed: 4 }
  const sizes = { producedSize, fetchedSize }
  assert.deepEqual(counted(ofKafka.counters), { ...produced, ...sizes, fetched: 5 })
  assert.ok(producedSize > 0 && fetchedSize > producedSize)
})

test('the sum over all clients keeps what channels and connections that have gone had counted', async () => {
  await channel.assertQueue('a')
  channel.sendToQueue('a', Buffer.from('x'))
  await channel.checkQueue('a')
  await channel.close()
  const other = await session.channel()
  other.sendToQueue('a', Buffer.from('x'))
  await other.checkQueue('a')
  assert.deepEqual(ofClient(), { published: 2, routed: 2, channels: 2 })
  await session[Symbol.asyncDispose]()
  await waitFor('the connection is gone', () => broker.clients.size === 0)
  assert.deepEqual(counted(broker.clients.totals()), { published: 2, routed: 2, channels: 2 })
})

test('what is declared, created and deleted, and the counts of what is gone', async () => {
  const { counters } = broker.broker
  const { queuesDeclared, queuesCreated, queuesDeleted } = counters
  await channel.assertQueue('a')
  await channel.assertQueue('a')
  await channel.assertQueue('log', { arguments: { 'x-queue-type': 'stream' } })
  await channel.checkQueue('a')
  channel.sendToQueue('a', Buffer.from('x'))
  await channel.get('a', { noAck: true })
  await channel.deleteQueue('a')
  assert.equal(counters.queuesDeclared - queuesDeclared, 3)
  assert.equal(counters.queuesCreated - queuesCreated, 2)
  assert.equal(counters.queuesDeleted - queuesDeleted, 1)
  assert.deepEqual(counted(counters.endedOf('classic')), { published: 1, gotNoAck: 1 })
})

test('messages die for a reason, with a dead-letter exchange and without', async () => {
  await channel.assertQueue('graves')
  const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'graves' }
  await channel.assertQueue('a', { arguments: letters })
  await channel.assertQueue('b', { arguments: { 'x-max-length': 1 } })
  channel.sendToQueue('a', Buffer.from('x'))
  channel.sendToQueue('a', Buffer.from('x'), { expiration: '0' })
  channel.sendToQueue('b', Buffer.from('x'))
  channel.sendToQueue('b', Buffer.from('x'))
  const message = await channel.get('a')
  assert.ok(message)
  channel.reject(message, false)
  const { deaths } = broker.broker.counters
  await waitFor('two dead letters', async () => {
    return (await channel.checkQueue('graves')).messageCount === 2
  })
  assert.deepEqual(counted(deaths.classic.at_most_once as never), { rejected: 1, expired: 1 })
  await waitFor('the limit', () => deaths.classic.disabled.maxlen === 1)
})

test('sizes of bodies that AMQP clients publish', async () => {
  await channel.assertQueue('a')
  for (const size of [0, 100, 101, 200_000]) channel.sendToQueue('a', Buffer.alloc(size))
  await channel.checkQueue('a')
  const { counts, sum } = broker.broker.counters.messageSizes
  assert.deepEqual(counts, [2, 1, 0, 0, 1, 0, 0, 0, 0])
  assert.equal(sum, 200_201)
})
