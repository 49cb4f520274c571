// Kafka producers say by record headers when work queues deliver a record and until when; fetches see it at once.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { GetMessage } from 'amqplib'
import type { IHeaders } from 'kafkajs'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { waitFor } from '../../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-times-'))
let clients: BothClients
before(async () => {
  clients = await BothClients.open(data)
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(data, { recursive: true, force: true })
})

/** A queue on a topic, or one that Kafka produces to. */
async function open(kind: 'source' | 'queue', args = {}): Promise<{ queue: string; to: string }> {
  const { admin, channel } = clients
  const queue = uniqueName('times')
  if (kind === 'queue') {
    await channel.assertQueue(queue, { arguments: args })
    return { queue, to: queue }
  }
  const topic = uniqueName('times-of')
  await admin.createTopics({ topics: [{ topic }] })
  await channel.assertQueue(queue, { arguments: { 'x-source': topic, ...args } })
  return { queue, to: topic }
}

async function produce(topic: string, ...records: readonly [string, IHeaders?][]): Promise<void> {
  const messages = records.map(([value, headers = {}]) => ({ value, headers, partition: 0 }))
  await clients.producer.send({ topic, acks: -1, messages })
}

async function get(queue: string): Promise<GetMessage> {
  let found: GetMessage | false = false
  await waitFor(`a message of ${queue}`, async () => {
    found = await clients.channel.get(queue)
    return found !== false
  })
  return found as unknown as GetMessage
}

async function countOf(queue: string): Promise<number> {
  return (await clients.channel.checkQueue(queue)).messageCount
}

for (const kind of ['source', 'queue'] as const) {
  describe(`records in a ${kind === 'source' ? 'queue with x-source' : 'work queue'}`, () => {
    it('wait for their time, and others go before them', async () => {
      const { queue, to } = await open(kind)
      const sentAt = Date.now()
      await produce(
        to,
        ['in an hour', { 'pabal.deliver-after-ms': '3600000' }],
        ['after 300', { 'pabal.deliver-after-ms': '300' }],
        ['at 200', { 'pabal.deliver-at': `${sentAt + 200}` }],
        ['by text', { 'pabal.deliver-at': new Date(sentAt + 250).toISOString() }],
        ['now'],
        ['no time', { 'pabal.deliver-at': 'soon', 'pabal.deliver-after-ms': '-5' }],
        ['past', { 'pabal.deliver-at': `${sentAt - 1000}` }],
      )
      const offsets = await clients.admin.fetchTopicOffsets(to)
      assert.equal(offsets[0]?.high, '7', 'a record has its offset at once')
      const channel = await clients.session.channel()
      const inbox = await Inbox.consume(channel, queue)
      const tookAtLeast = async (body: string, ms: number): Promise<void> => {
        await waitFor(body, () => inbox.bodies.includes(body))
        const took = Date.now() - sentAt
        assert.ok(took >= ms - 1, `${body} came after ${took} ms`)
      }
      await tookAtLeast('at 200', 200)
      await tookAtLeast('by text', 250)
      await tookAtLeast('after 300', 300)
      await waitFor('all but one', () => inbox.messages.length === 6)
      const others = ['now', 'no time', 'past']
      assert.deepEqual(
        inbox.bodies.filter((body) => others.includes(body)),
        others,
      )
      assert.ok(!inbox.bodies.includes('in an hour'))
      assert.ok(inbox.messages.every(({ fields }) => !fields.redelivered))
      const [odd, at] = ['no time', 'at 200'].map(
        (body) => inbox.messages[inbox.bodies.indexOf(body)],
      )
      assert.equal(at?.properties.headers?.['pabal.deliver-at'], sentAt + 200)
      assert.equal(odd?.properties.headers?.['pabal.deliver-at'], 'soon')
      await channel.close()
    })

    it('that are too old are gone, or dead; a delayed one lives from its time on', async () => {
      const dead = uniqueName('dead')
      await clients.channel.assertQueue(dead)
      const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
      const { queue, to } = await open(kind, letters)
      await produce(
        to,
        ['brief', { 'pabal.ttl-ms': '20' }],
        ['brief, as AMQP', { 'amqp.expiration': '20' }],
        ['stays', { 'pabal.ttl-ms': 'for ever' }],
        ['late', { 'pabal.ttl-ms': '60000', 'pabal.deliver-after-ms': '100' }],
      )
      const deaths = [await get(dead), await get(dead)]
      assert.deepEqual(
        deaths.map(({ content, properties }) => {
          return [content.toString(), properties.headers?.['x-first-death-reason']]
        }),
        [
          ['brief', 'expired'],
          ['brief, as AMQP', 'expired'],
        ],
      )
      assert.deepEqual([(await get(queue)).content.toString()], ['stays'])
      assert.deepEqual([(await get(queue)).content.toString()], ['late'])
    })

    it('wait on after a restart', async () => {
      const { queue, to } = await open(kind, { 'x-queue-type': 'quorum' })
      const sentAt = Date.now()
      await produce(
        to,
        ['now'],
        ['in an hour', { 'pabal.deliver-after-ms': '3600000' }],
        ['later', { 'pabal.deliver-after-ms': '400' }],
      )
      const now = await get(queue)
      assert.equal(now.content.toString(), 'now')
      clients.channel.ack(now)
      // The ack has come once a later request is answered.
      await countOf(queue)
      await clients[Symbol.asyncDispose]()
      clients = await BothClients.open(data)
      const later = await get(queue)
      assert.equal(later.content.toString(), 'later')
      assert.ok(Date.now() - sentAt >= 399)
      assert.equal(await clients.channel.get(queue), false)
      assert.equal((await clients.channel.purgeQueue(queue)).messageCount, 1)
    })
  })
}

describe('a record with a time', () => {
  it('is seen by fetches and stream consumers at once', async () => {
    const { to } = await open('source')
    await produce(to, ['later', { 'pabal.deliver-after-ms': '600000', 'pabal.ttl-ms': '1' }])
    const channel = await clients.session.channel()
    await channel.prefetch(1)
    const stream = await Inbox.consume(channel, to, { arguments: { 'x-stream-offset': 'first' } })
    await waitFor('the stream', () => stream.messages.length === 1)
    const consumer = clients.kafka.consumer({ groupId: uniqueName('times') })
    await consumer.connect()
    await consumer.subscribe({ topic: to, fromBeginning: true })
    const seen: (string | undefined)[] = []
    await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.headers?.['pabal.deliver-after-ms']?.toString())
      },
    })
    await waitFor('the fetch', () => seen.length === 1)
    assert.deepEqual(seen, ['600000'])
    await consumer.disconnect()
    await channel.close()
  })

  it('that waits is dropped by a purge', async () => {
    const { queue, to } = await open('queue')
    await produce(to, ['later', { 'pabal.deliver-after-ms': '600000' }])
    await waitFor('it', async () => (await clients.channel.get(queue)) === false)
    assert.equal((await clients.channel.purgeQueue(queue)).messageCount, 1)
    assert.deepEqual(await clients.admin.fetchTopicOffsets(to).then(([at]) => at?.low), '1')
    assert.equal(await countOf(queue), 0)
  })
})

it('workers of a topic take the records of a key one after the other, and retries keep the order', async () => {
  const { queue, to } = await open('source', { 'x-order-by-key': true })
  const values = ['a1', 'a2', 'b1', 'a3', 'b2', 'c1']
  const messages = values.map((value) => ({ key: value[0]!, value, partition: 0 }))
  await clients.producer.send({ topic: to, acks: -1, messages })
  const channels = [await clients.session.channel(), await clients.session.channel()]
  const done: string[] = []
  const out = new Set<string>()
  let failures = 3
  for (const channel of channels) {
    await channel.prefetch(3)
    await channel.consume(queue, (message) => {
      const value = message!.content.toString()
      assert.ok(!out.has(value[0]!), `${value} comes while another of its key is out`)
      out.add(value[0]!)
      setImmediate(() => {
        out.delete(value[0]!)
        if (value === 'a1' && failures-- > 0) return channel.nack(message!, false, true)
        done.push(value)
        channel.ack(message!)
      })
    })
  }
  await waitFor('all of them', () => done.length === values.length)
  for (const key of 'abc') {
    const ofKey = done.filter((value) => value.startsWith(key))
    assert.deepEqual(ofKey, ofKey.toSorted())
  }
  for (const channel of channels) await channel.close()
})
