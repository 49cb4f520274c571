// Pabal's own resources of the HTTP API, beside real clients: streams, consumer groups and what they are behind.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: Awaited<ReturnType<typeof startBroker>>
let kafka: Kafka
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  const { host, port } = broker.addresses['kafka']!
  kafka = new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING })
})
/** A test that fails must not leave a client that keeps the process. */
const clients: { disconnect: () => Promise<void> }[] = []
after(async () => {
  await Promise.all(clients.map((client) => client.disconnect()))
  await broker.close()
})

// oxlint-disable-next-line typescript/no-explicit-any -- what comes is compared with what is expected
type Json = Readonly<Record<string, any>>

async function ask(method: string, path: string, body?: unknown): Promise<[number, Json]> {
  const { port } = broker.addresses['http']!
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(`http://localhost:${port}/api/v1${path}`, { method, ...text })
  const answer = await response.text()
  return [response.status, answer === '' ? {} : JSON.parse(answer)]
}

async function produce(topic: string, count: number): Promise<void> {
  const producer = kafka.producer()
  clients.push(producer)
  await producer.connect()
  const messages = Array.from({ length: count }, (_, n) => ({ value: `${n}`, partition: n % 2 }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

test('a group is shown with its place, its lag and its members, and reset while nobody is in it', async () => {
  const admin = kafka.admin()
  clients.push(admin)
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] })
  await produce('orders', 10)
  const consumer = kafka.consumer({ groupId: 'billing' })
  clients.push(consumer)
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  let seen = 0
  await consumer.run({ eachMessage: () => Promise.resolve(void seen++) })
  await waitFor('all are read', () => seen === 10)
  await consumer.commitOffsets(
    [0, 1].map((partition) => ({ topic: 'orders', partition, offset: '3' })),
  )
  const [, shown] = await ask('GET', '/groups/billing')
  const { state, members, topics, lag, member_list: list, offsets } = shown
  assert.deepEqual(
    { state, members, topics, lag },
    { state: 'Stable', members: 1, topics: 1, lag: 4 },
  )
  assert.match(list[0].host, /127\.0\.0\.1|::1/)
  assert.deepEqual(
    list[0].partitions.map(({ topic, partition }: Json) => `${topic}/${partition}`).toSorted(),
    ['orders/0', 'orders/1'],
  )
  assert.deepEqual(
    offsets.map((place: Json) => [place['partition'], place['offset'], place['end'], place['lag']]),
    [
      [0, 3, 5, 2],
      [1, 3, 5, 2],
    ],
  )
  assert.ok(offsets.every(({ lag_ms: ms }: Json) => ms >= 0 && ms < 60_000))
  const [, listed] = await ask('GET', '/groups?columns=name,lag')
  assert.deepEqual(listed, [{ name: 'billing', lag: 4 }])
  const [, stream] = await ask('GET', '/streams/%2F/orders')
  assert.deepEqual(stream['groups'], [{ name: 'billing', lag: 4, state: 'Stable', members: 1 }])
  assert.deepEqual(
    stream['offsets'].map(({ end }: Json) => end),
    [5, 5],
  )
  assert.ok(Date.now() - stream['oldest'] < 60_000)

  const reset = { topic: 'orders', to: 'first' }
  const [used, refusal] = await ask('POST', '/groups/billing/reset', reset)
  assert.deepEqual(
    [used, refusal['reason']],
    [400, "group 'billing' has members: stop its consumers first"],
  )
  assert.equal((await ask('DELETE', '/groups/billing'))[0], 400)
  await consumer.disconnect()
  const both = [0, 1].map((partition) => ({ topic: 'orders', partition, from: 3, to: 0 }))
  assert.deepEqual(await ask('POST', '/groups/billing/reset', { ...reset, dry_run: true }), [
    200,
    { offsets: both },
  ])
  assert.equal((await ask('GET', '/groups/billing'))[1]['lag'], 4)
  assert.deepEqual(await ask('POST', '/groups/billing/reset', reset), [200, { offsets: both }])
  assert.equal((await ask('GET', '/groups/billing'))[1]['lag'], 10)
  const one = { topic: 'orders', partition: 1, from: 0, to: 5 }
  for (const to of ['last', '99']) {
    const [, { offsets: moved }] = await ask('POST', '/groups/billing/reset', {
      topic: 'orders',
      partition: 1,
      to,
      dry_run: true,
    })
    assert.deepEqual(moved, [one])
  }
  const before = new Date(Date.now() - 3_600_000).toISOString()
  for (const to of [before, '1h']) {
    const [, { offsets: moved }] = await ask('POST', '/groups/new/reset', {
      topic: 'orders',
      to,
      dry_run: true,
    })
    assert.deepEqual(
      moved.map((move: Json) => [move['from'], move['to']]),
      [
        [null, 0],
        [null, 0],
      ],
    )
  }
  assert.deepEqual(await ask('POST', '/groups/billing/reset', { topic: 'none', to: 'first' }), [
    404,
    { error: 'not_found', reason: "there is no topic 'none'" },
  ])
  for (const wrong of [
    { topic: 'orders', to: 'x' },
    { topic: 'orders', partition: 2, to: 'first' },
  ]) {
    assert.equal((await ask('POST', '/groups/billing/reset', wrong))[0], 400)
  }
  assert.equal((await ask('DELETE', '/groups/billing'))[0], 204)
  assert.equal((await ask('GET', '/groups/billing'))[0], 404)
  await admin.disconnect()
})

test('queues and topics are one list, and are purged and deleted by name', async () => {
  const { host, port } = broker.addresses['amqp']!
  const connection = await connect(`amqp://${host}:${port}`)
  const channel = await connection.createConfirmChannel()
  for (const name of ['..', 'a/🐇', 'tasks']) await channel.assertQueue(name)
  const { queue: own } = await channel.assertQueue('', { exclusive: true })
  for (const name of ['tasks', '..']) channel.sendToQueue(name, Buffer.from('x'))
  await channel.waitForConfirms()
  const [, listed] = await ask('GET', '/streams?kind=queue&columns=name,messages,kafka_topic')
  const named = listed as unknown as Json[]
  assert.deepEqual(
    named.filter(({ name }) => name !== own),
    [
      { name: '..', messages: 1, kafka_topic: null },
      { name: 'a/🐇', messages: 0, kafka_topic: null },
      { name: 'tasks', messages: 1, kafka_topic: 'tasks' },
    ],
  )
  assert.equal((await ask('GET', `/streams/%2F/${encodeURIComponent('a/🐇')}`))[1]['name'], 'a/🐇')
  const chosen = (...names: string[]): object => ({
    streams: names.map((name) => ({ vhost: '/', name })),
  })
  const dryRun = await ask('POST', '/streams/purge', { ...chosen('tasks'), dry_run: true })
  const purged = [
    200,
    { done: [{ vhost: '/', name: 'tasks', messages: 1, consumers: 0 }], refused: [] },
  ]
  assert.deepEqual(dryRun, purged)
  assert.deepEqual(await ask('POST', '/streams/purge', chosen('tasks')), purged)
  assert.equal((await channel.checkQueue('tasks')).messageCount, 0)
  const [, deleted] = await ask('POST', '/streams/delete', chosen('..', 'a/🐇', own, 'none'))
  assert.deepEqual(
    deleted['done'].map(({ name, messages }: Json) => [name, messages]),
    [
      ['..', 1],
      ['a/🐇', 0],
    ],
  )
  assert.deepEqual(
    deleted['refused'].map(({ name }: Json) => name),
    [own, 'none'],
  )
  await connection.close()
})
