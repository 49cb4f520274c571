// Jobs on what Kafka's producers have written, in batches that decode to much: found by key and by JSON, moved
// out of a queue's batches, and copied from a topic.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: RunningBroker
let session: AmqpSession
let kafka: Kafka

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
  kafka = new Kafka({
    brokers: [`127.0.0.1:${broker.addresses['kafka']?.port}`],
    logLevel: logLevel.NOTHING,
  })
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

async function run(body: object): Promise<Record<string, unknown>> {
  const url = `http://127.0.0.1:${broker.addresses['http']?.port}/api/v1/jobs/%2F`
  const headers = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const { id } = (await response.json()) as { readonly id: string }
  assert.equal(response.status, 202)
  return await waitFor('the job to end', async () => {
    const answer = await fetch(`${url}/${id}`, { headers })
    const job = (await answer.json()) as Record<string, unknown>
    return job['state'] === 'running' ? undefined : job
  })
}

async function produce(topic: string, count: number): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  const messages = Array.from({ length: count }, (_, number) => {
    const value = JSON.stringify({ number, text: 'a value that repeats, over and over' })
    return { key: `k${number % 10}`, value }
  })
  await producer.send({ topic, messages, compression: CompressionTypes.GZIP })
  await producer.disconnect()
}

test('records of a large batch are moved by key, and the others stay in their order', async () => {
  const channel = await session.channel()
  for (const name of ['from', 'to']) await channel.assertQueue(name)
  await produce('from', 10_000)
  const target = { to: 'queue', name: 'to' }
  const job = await run({ kind: 'move', queue: 'from', target, filter: { key: 'k3' } })
  assert.deepEqual([job['state'], job['done'], job['looked_at']], ['done', 1000, 10_000])
  const counts = await Promise.all(['from', 'to'].map((name) => channel.checkQueue(name)))
  assert.deepEqual(
    counts.map(({ messageCount }) => messageCount),
    [9000, 1000],
  )
  for (const [name, numbers] of Object.entries({ from: [0, 1, 2, 4, 5], to: [3, 13, 23] })) {
    for (const number of numbers) {
      const message = await channel.get(name, { noAck: true })
      assert.ok(typeof message === 'object')
      assert.equal(JSON.parse(message.content.toString()).number, number)
    }
  }
})

test('records of a topic are copied to a queue', async () => {
  const channel = await session.channel()
  await channel.assertQueue('copies')
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 3 }] })
  await admin.disconnect()
  await produce('events', 300)
  const job = await run({
    kind: 'copy',
    queue: 'events',
    target: { to: 'queue', name: 'copies' },
    filter: { json: [{ path: '$.number', is: 'less', value: 100 }] },
  })
  assert.deepEqual([job['state'], job['done']], ['done', 100])
  assert.equal((await channel.checkQueue('copies')).messageCount, 100)
})

test('records that a queue reads from a topic are moved out of the queue, and stay in the topic', async () => {
  const channel = await session.channel()
  await channel.assertQueue('moved')
  await channel.assertQueue('subscription', {
    arguments: { 'x-source': 'events', 'x-source-offset': 'first' },
  })
  const messageCount = async (name: string): Promise<number> =>
    (await channel.checkQueue(name)).messageCount
  await waitFor('the records', async () => (await messageCount('subscription')) === 300)
  const target = { to: 'queue', name: 'moved' }
  const filter = { json: [{ path: '$.number', is: 'less', value: 100 }] }
  const job = await run({ kind: 'move', queue: 'subscription', target, filter })
  assert.deepEqual([job['state'], job['done']], ['done', 100])
  assert.deepEqual([await messageCount('subscription'), await messageCount('moved')], [200, 100])
  for (let left = 200; left > 0; left--) {
    const message = await waitFor('a record', () => channel.get('subscription', { noAck: true }))
    assert.ok(typeof message === 'object')
    assert.ok(JSON.parse(message.content.toString()).number >= 100)
  }
  assert.equal(await channel.get('subscription', { noAck: true }), false)
  const again = await run({ kind: 'copy', queue: 'events', target })
  assert.equal(again['done'], 300)
})
