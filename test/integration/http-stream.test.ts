// What the HTTP API says of streams that clients of both protocols use: rates, growth, age, lag, consumers, settings.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import type { StreamConsumersJson } from '../../src/admin/v1/stream-consumer-operations.ts'
import type { StreamRowJson } from '../../src/admin/v1/stream-list-operation.ts'
import type {
  StreamHistoryJson,
  StreamShownJson,
} from '../../src/admin/v1/stream-show-operations.ts'
import { startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: Awaited<ReturnType<typeof startBroker>>
let connection: ChannelModel
let channel: ConfirmChannel
let kafka: Kafka
let consumer: Consumer | undefined

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  const amqp = broker.addresses['amqp']!
  connection = await connect(`amqp://${amqp.host}:${amqp.port}`)
  channel = await connection.createConfirmChannel()
  const { host, port } = broker.addresses['kafka']!
  kafka = new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING })
})
after(async () => {
  await consumer?.disconnect()
  await connection.close()
  await broker.close()
})

async function ask<T>(method: string, path: string, body?: unknown): Promise<[number, T]> {
  const { port } = broker.addresses['http']!
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(
    `http://localhost:${port}/api/${path.startsWith('..') ? path.slice(3) : `v1${path}`}`,
    { method, ...text },
  )
  const answer = await response.text()
  return [response.status, (answer === '' ? {} : JSON.parse(answer)) as T]
}

async function rows(query: string): Promise<readonly StreamRowJson[]> {
  const [status, page] = await ask<{ items: StreamRowJson[] }>('GET', `/streams?page=1&${query}`)
  assert.equal(status, 200, JSON.stringify(page))
  return page.items
}

async function names(query: string): Promise<string[]> {
  return (await rows(query)).map(({ name }) => name)
}

async function publish(queue: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) channel.sendToQueue(queue, Buffer.from(`${n}`))
  await channel.waitForConfirms()
}

test('a queue that grows is found, with its rates and the age of its oldest message', async () => {
  await channel.assertQueue('growing')
  await channel.assertQueue('quiet')
  await names('state=growing')
  const publishing = setInterval(() => void publish('growing', 5), 100)
  try {
    const [row] = await waitFor(
      'it is seen to grow',
      async () => {
        const found = await rows('state=growing&spark=true&page_size=20&sort=rates.in')
        return found.length > 0 ? found : undefined
      },
      20_000,
    )
    assert.equal(row?.name, 'growing')
    assert.ok(row.rates.in > 0 && row.growth! > 0 && row.rates.out === 0)
    assert.deepEqual(row.protocols, ['amqp'])
    assert.ok(Date.now() - row.oldest! < 60_000)
    assert.ok(Array.isArray(row.spark?.messages))
  } finally {
    clearInterval(publishing)
  }
  const [, { samples }] = await ask<StreamHistoryJson>('GET', '/streams/%2F/growing/history')
  assert.ok(samples.some(({ in: came, ready }) => came > 0 && ready > 0))
  assert.deepEqual(await names('state=empty,no-consumers&kind=queue'), ['quiet'])
  assert.deepEqual(await names('sort=messages&sort_reverse=true'), ['growing', 'quiet'])
  assert.deepEqual(await names('name=^qu&use_regex=true'), ['quiet'])
})

test('dead letters are counted where they come to', async () => {
  const dead = { deadLetterExchange: '', deadLetterRoutingKey: 'deaths' }
  await channel.assertQueue('deaths')
  await channel.assertQueue('short', { ...dead, maxLength: 1 })
  await publish('short', 3)
  const found = await waitFor(
    'it is known as a place for dead letters',
    async () => {
      const all = await rows('state=dead-letters')
      return all[0]?.dead_letters === 2 ? all : undefined
    },
    20_000,
  )
  assert.deepEqual(
    found.map(({ name, dead_letter_sources: sources }) => [name, sources]),
    [['deaths', 1]],
  )
  const [, shown] = await ask<StreamShownJson>('GET', '/streams/%2F/short')
  const settingOf = (name: string): unknown => shown.settings.find((each) => each.name === name)
  assert.deepEqual(settingOf('max-length'), {
    name: 'max-length',
    value: 1,
    origin: 'argument',
    policy: null,
    change: 'policy',
  })
  assert.deepEqual(settingOf('message-ttl'), {
    name: 'message-ttl',
    value: null,
    origin: 'default',
    policy: null,
    change: 'policy',
  })
})

test('consumers say what they have, and are ended', async () => {
  await channel.assertQueue('consumed')
  await publish('consumed', 3)
  let isCancelled = false
  const { consumerTag } = await channel.consume('consumed', (message) => {
    if (message === null) isCancelled = true
    else if (message.content.toString() === '0') channel.ack(message)
  })
  const path = '/streams/%2F/consumed/consumers'
  const [one] = await waitFor('it has got them', async () => {
    const [, { consumers }] = await ask<StreamConsumersJson>('GET', path)
    return consumers[0]?.settled === 1 ? consumers : undefined
  })
  const { tag, unacked, delivered, ack_required: acks, can_cancel: canCancel, client } = one!
  assert.deepEqual([tag, unacked, delivered, acks, canCancel], [consumerTag, 2, 3, true, true])
  assert.match(client!, /amqp/i)
  const body = { connection: one!.connection, channel: one!.channel, tag }
  assert.equal((await ask('POST', `${path}/cancel`, { ...body, tag: 'other' }))[0], 404)
  assert.equal((await ask('POST', `${path}/cancel`, body))[0], 204)
  await waitFor('the client is told', () => isCancelled)
  const [row] = await rows('name=consumed')
  assert.deepEqual([row?.consumers, row?.unacked], [0, 2], 'what it has it may settle')
})

test('a topic is changed, and its slowest group is known', async () => {
  const [created] = await ask('PUT', '../queues/%2F/events', {
    durable: true,
    arguments: { 'x-queue-type': 'stream', 'x-partitions': 2 },
  })
  assert.equal(created, 201)
  const settings = '/streams/%2F/events/settings'
  const change = { settings: { 'retention.ms': '3600000' }, partitions: 3 }
  assert.equal((await ask('PUT', settings, { ...change, dry_run: true }))[0], 204)
  assert.equal((await ask<StreamShownJson>('GET', '/streams/%2F/events'))[1].partitions, 2)
  assert.equal((await ask('PUT', settings, change))[0], 204)
  assert.equal((await ask('PUT', settings, { partitions: 2 }))[0], 400)
  assert.equal((await ask('PUT', settings, { settings: { 'retention.ms': 'x' } }))[0], 400)
  const [, shown] = await ask<StreamShownJson>('GET', '/streams/%2F/events')
  assert.equal(shown.partitions, 3)
  const retention = shown.settings.find(({ name }) => name === 'retention.ms')
  assert.deepEqual([retention?.value, retention?.origin], ['3600000', 'setting'])
  assert.deepEqual(shown.may, { configure: true, write: true, read: true })
  assert.equal((await ask('PUT', settings, { settings: { 'retention.ms': null } }))[0], 204)
  const [, after] = await ask<StreamShownJson>('GET', '/streams/%2F/events')
  assert.equal(after.settings.find(({ name }) => name === 'retention.ms')?.origin, 'default')

  consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'events' })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({
    topic: 'events',
    messages: Array.from({ length: 6 }, () => ({ value: 'x', partition: 0 })),
  })
  await producer.disconnect()
  await ask('POST', '/groups/slow/reset', { topic: 'events', partition: 0, to: '2' })
  const row = await waitFor(
    'its lag is known',
    async () => {
      const [found] = await rows('name=events&sort=lag')
      return found?.lag === 4 ? found : undefined
    },
    20_000,
  )
  assert.deepEqual([row.protocols, row.growth], [['kafka'], null])
})
