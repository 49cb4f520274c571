// A queue with `x-source` has a topic's records as its messages; several such queues are several subscriptions.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConfirmChannel, GetMessage } from 'amqplib'
import type { Admin, IHeaders, Producer } from 'kafkajs'
import { type AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { waitFor } from '../../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-source-'))
let clients: BothClients
let session: AmqpSession
let channel: ConfirmChannel
let admin: Admin
let producer: Producer

async function open(): Promise<void> {
  clients = await BothClients.open(data)
  ;({ session, channel, admin, producer } = clients)
}

async function close(): Promise<void> {
  await clients[Symbol.asyncDispose]()
}

before(open)
after(async () => {
  await close()
  rmSync(data, { recursive: true, force: true })
})

async function createTopic(numPartitions = 1): Promise<string> {
  const topic = uniqueName('source')
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  return topic
}

async function produce(topic: string, partition: number, ...values: string[]): Promise<void> {
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
}

async function subscribe(source: string, args: Record<string, unknown> = {}): Promise<string> {
  const queue = uniqueName('subscription')
  await channel.assertQueue(queue, { arguments: { 'x-source': source, ...args } })
  return queue
}

async function get(queue: string, on: Channel = channel): Promise<GetMessage> {
  let found: GetMessage | false = false
  await waitFor(`a message of ${queue}`, async () => {
    found = await on.get(queue)
    return found !== false
  })
  return found as unknown as GetMessage
}

async function countOf(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

/** Where it died and why, the last death first. */
function deathsOf({ properties }: GetMessage): string[] {
  const deaths = (properties.headers?.['x-death'] ?? []) as { queue: string; reason: string }[]
  return deaths.map(({ queue, reason }) => `${queue} ${reason}`)
}

/** The text of a refusal. */
async function refusal(queue: string, options: Record<string, unknown>): Promise<string> {
  const other = await session.channel()
  const closed = channelClosed(other)
  await assert.rejects(other.assertQueue(queue, options))
  return replyText(await closed)
}

describe('a queue with a source', () => {
  it('has each record of the topic once, as has every other such queue', async () => {
    const topic = await createTopic(3)
    const [one, two] = [await subscribe(topic), await subscribe(topic)]
    const expected: string[] = []
    for (const partition of [0, 1, 2]) {
      const values = Array.from({ length: 20 }, (_, n) => `${partition}-${n}`)
      await produce(topic, partition, ...values)
      expected.push(...values)
    }
    for (const queue of [one, two]) {
      const first = await session.channel()
      const second = await session.channel()
      await Promise.all([first.prefetch(3), second.prefetch(3)])
      const inboxes = [await Inbox.consume(first, queue), await Inbox.consume(second, queue)]
      const acked = new Set<unknown>()
      await waitFor('all records', () => {
        for (const [index, inbox] of inboxes.entries()) {
          for (const message of inbox.messages) {
            if (acked.has(message)) continue
            acked.add(message)
            ;[first, second][index]!.ack(message)
          }
        }
        return acked.size >= expected.length
      })
      const seen = inboxes.flatMap(({ bodies }) => bodies)
      assert.deepEqual(seen.toSorted(), expected.toSorted())
      assert.ok(inboxes.every(({ bodies }) => bodies.length > 0))
      await waitFor('nothing to be left', async () => (await countOf(queue)) === 0)
    }
    const offsets = await admin.fetchTopicOffsets(topic)
    assert.deepEqual(
      offsets.map(({ low, high }) => `${low}–${high}`),
      ['0–20', '0–20', '0–20'],
    )
  })

  it('starts after what is there, or with the first record', async () => {
    const topic = await createTopic()
    await produce(topic, 0, 'old')
    const [next, first] = [
      await subscribe(topic),
      await subscribe(topic, { 'x-source-offset': 'first' }),
    ]
    assert.deepEqual([await countOf(next), await countOf(first)], [0, 1])
    await produce(topic, 0, 'new')
    assert.equal((await get(next)).content.toString(), 'new')
    assert.equal((await get(first)).content.toString(), 'old')
  })

  it('gets what was published through AMQP, and what was published to itself', async () => {
    const topic = uniqueName('source')
    await channel.assertQueue(topic, { arguments: { 'x-queue-type': 'stream' } })
    const queue = await subscribe(topic)
    channel.sendToQueue(topic, Buffer.from('to the stream'), { headers: { n: 1 } })
    channel.sendToQueue(queue, Buffer.from('to the queue'))
    await channel.waitForConfirms()
    const own = await get(queue)
    const other = await get(queue)
    assert.deepEqual(
      [own, other].map(({ content, fields }) => [content.toString(), fields.routingKey]),
      [
        ['to the queue', queue],
        ['to the stream', topic],
      ],
    )
    assert.equal(other.properties.headers?.['n'], 1)
  })

  it('takes back what a consumer does not want, and marks it', async () => {
    const topic = await createTopic()
    const queue = await subscribe(topic)
    await produce(topic, 0, 'a', 'b')
    const a = await get(queue)
    channel.nack(a, false, true)
    const again = await get(queue)
    assert.deepEqual([again.content.toString(), again.fields.redelivered], ['a', true])
    channel.ack(again)
    assert.equal((await get(queue)).content.toString(), 'b')
  })

  it('sends dead letters on, also back to itself', async () => {
    const topic = await createTopic()
    const [retry, dead] = [uniqueName('retry'), uniqueName('dead')]
    const deadLetters = { 'x-dead-letter-exchange': '' }
    const queue = await subscribe(topic, { ...deadLetters, 'x-dead-letter-routing-key': retry })
    const limited = await subscribe(topic, {
      ...deadLetters,
      'x-queue-type': 'quorum',
      'x-delivery-limit': 1,
      'x-dead-letter-routing-key': dead,
    })
    await channel.assertQueue(dead)
    const back = { 'x-message-ttl': 1, ...deadLetters, 'x-dead-letter-routing-key': queue }
    await channel.assertQueue(retry, { arguments: back })
    await produce(topic, 0, 'bad')
    channel.nack(await get(queue), false, false)
    const retried = await get(queue)
    assert.deepEqual(
      [retried.content.toString(), ...deathsOf(retried)],
      ['bad', `${retry} expired`, `${queue} rejected`],
    )
    channel.ack(retried)
    channel.nack(await get(limited), false, true)
    channel.nack(await get(limited), false, true)
    const message = await get(dead)
    assert.deepEqual(
      [message.content.toString(), ...deathsOf(message)],
      ['bad', `${limited} delivery_limit`],
    )
    assert.deepEqual([await countOf(queue), await countOf(limited)], [0, 0])
  })

  it('drops its oldest messages over x-max-length, and all when it is purged', async () => {
    const topic = await createTopic()
    const queue = await subscribe(topic, { 'x-max-length': 2 })
    const whole = await subscribe(topic)
    await produce(topic, 0, 'a', 'b', 'c')
    await waitFor('the limit', async () => (await countOf(queue)) === 2)
    assert.equal((await get(queue)).content.toString(), 'b')
    assert.equal((await channel.purgeQueue(whole)).messageCount, 3)
    assert.equal(await countOf(whole), 0)
    await produce(topic, 0, 'd')
    assert.equal((await get(whole)).content.toString(), 'd')
  })

  it('does not send dead letters round through its source, but for those that were rejected', async () => {
    const topic = await createTopic()
    const round = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': topic }
    const queue = await subscribe(topic, { ...round, 'x-max-length': 1 })
    await produce(topic, 0, 'a', 'b', 'c')
    await waitFor('its length', async () => (await countOf(queue)) === 1)
    const c = await get(queue)
    assert.deepEqual([c.content.toString(), deathsOf(c)], ['c', []])
    channel.nack(c, false, false)
    const again = await get(queue)
    assert.deepEqual([again.content.toString(), deathsOf(again)], ['c', [`${queue} rejected`]])
    channel.ack(again)
    const [offsets] = await admin.fetchTopicOffsets(topic)
    assert.deepEqual([offsets?.high, await countOf(queue)], ['4', 0])
  })

  it('holds to its limits from the first record on', async () => {
    const topic = await createTopic()
    await produce(topic, 0, 'a', 'b', 'c')
    const first = { 'x-source-offset': 'first' }
    const [short, brief] = [
      await subscribe(topic, { ...first, 'x-max-length': 2 }),
      await subscribe(topic, { ...first, 'x-message-ttl': 1 }),
    ]
    await waitFor('its length', async () => (await countOf(short)) === 2)
    await waitFor('its time', async () => (await countOf(brief)) === 0)
  })

  it('drops what is too old, by its x-message-ttl', async () => {
    const topic = await createTopic()
    const queue = await subscribe(topic, { 'x-message-ttl': 50 })
    await produce(topic, 0, 'a')
    await waitFor('nothing to be left', async () => (await countOf(queue)) === 0)
    await produce(topic, 0, 'b')
    await waitFor('nothing to be left again', async () => (await countOf(queue)) === 0)
    assert.equal(await channel.get(queue), false)
  })

  it('takes what has the highest priority first, in its order, and what came back before others', async () => {
    const topic = await createTopic(2)
    const queue = await subscribe(topic, { 'x-max-priority': 5 })
    const records: [value: string, partition: number, headers?: IHeaders][] = [
      ['a', 0],
      ['b', 1],
      ['high', 1, { 'amqp.priority': '5' }],
      ['higher than there is', 0, { 'pabal.priority': '9' }],
      ['middle', 0, { 'pabal.priority': '2' }],
    ]
    for (const [value, partition, headers = {}] of records) {
      await producer.send({ topic, acks: -1, messages: [{ value, partition, headers }] })
    }
    await waitFor('all', async () => (await countOf(queue)) === 5)
    const first = await get(queue)
    assert.equal(await countOf(queue), 4, 'what was looked at is ready')
    const second = await get(queue)
    const highs = [first, second].map(({ content }) => content.toString())
    assert.deepEqual(highs.toSorted(), ['high', 'higher than there is'])
    assert.ok(!first.fields.redelivered && !second.fields.redelivered)
    channel.nack(first, false, true)
    const again = await get(queue)
    assert.deepEqual([again.content.toString(), again.fields.redelivered], [highs[0], true])
    assert.equal((await get(queue)).content.toString(), 'middle')
    await produce(topic, 0, 'late')
    await producer.send({
      topic,
      acks: -1,
      messages: [{ value: 'top', partition: 1, headers: { 'pabal.priority': '5' } }],
    })
    assert.equal((await get(queue)).content.toString(), 'top')
    const rest = [await get(queue), await get(queue), await get(queue)]
    assert.deepEqual(rest.map(({ content }) => content.toString()).toSorted(), ['a', 'b', 'late'])
    await close()
    await open()
    assert.equal((await channel.purgeQueue(queue)).messageCount, 7)
    assert.equal(await countOf(queue), 0)
  })

  it('outlives a restart with what it has not acked', async () => {
    const topic = await createTopic(2)
    const queue = await subscribe(topic)
    await produce(topic, 0, 'a', 'b', 'c')
    await produce(topic, 1, 'd')
    channel.sendToQueue(queue, Buffer.from('own'))
    await channel.waitForConfirms()
    const taken = [await get(queue), await get(queue), await get(queue)]
    const bodies = taken.map(({ content }) => content.toString())
    assert.equal(bodies[0], 'own')
    for (const message of taken) channel.ack(message)
    await waitFor('the acks', async () => (await countOf(queue)) === 2)
    await close()
    await open()
    assert.equal(await countOf(queue), 2)
    const rest = [await get(queue), await get(queue)].map(({ content }) => content.toString())
    assert.deepEqual([...bodies, ...rest].toSorted(), ['a', 'b', 'c', 'd', 'own'])
    await produce(topic, 1, 'e')
    assert.equal((await get(queue)).content.toString(), 'e')
    assert.equal(await countOf(queue), 0)
  })

  it('has the records of partitions that are added', async () => {
    const topic = await createTopic(1)
    const queue = await subscribe(topic)
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await produce(topic, 2, 'x')
    assert.equal((await get(queue)).content.toString(), 'x')
    await close()
    await open()
    await produce(topic, 1, 'y')
    const both = [await get(queue), await get(queue)].map(({ content }) => content.toString())
    assert.deepEqual(both.toSorted(), ['x', 'y'])
  })

  it('keeps records that the topic shows no more', async () => {
    const topic = await createTopic()
    const queue = await subscribe(topic)
    await produce(topic, 0, 'a', 'b')
    // So that the client knows where the topic is.
    assert.equal((await admin.fetchTopicOffsets(topic))[0]?.low, '0')
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    const [offsets] = await admin.fetchTopicOffsets(topic)
    assert.deepEqual([offsets?.low, await countOf(queue)], ['2', 2])
    await close()
    await open()
    assert.equal(await countOf(queue), 2)
    assert.equal((await get(queue)).content.toString(), 'a')
    assert.equal((await get(queue)).content.toString(), 'b')
  })

  it('makes a declared topic of one that is only provisional', async () => {
    const topic = uniqueName('provisional')
    await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined)
    await produce(topic, 0, 'a')
    const queue = await subscribe(topic, { 'x-source-offset': 'first' })
    assert.match(await refusal(topic, {}), /^PRECONDITION_FAILED - inequivalent arg 'x-queue-type'/)
    assert.equal((await get(queue)).content.toString(), 'a')
  })

  it('goes with its topic; the topic stays when the queue goes', async () => {
    const topic = await createTopic()
    const [kept, deleted] = [await subscribe(topic), await subscribe(topic)]
    await produce(topic, 0, 'a')
    await channel.deleteQueue(deleted)
    assert.equal((await get(kept)).content.toString(), 'a')
    assert.equal((await admin.fetchTopicOffsets(topic))[0]?.high, '1')
    const other = await session.channel()
    let isCancelled = false
    await other.consume(kept, (message) => {
      if (message === null) isCancelled = true
    })
    await admin.deleteTopics({ topics: [topic] })
    await waitFor('the consumer to be cancelled', () => isCancelled)
    const closed = channelClosed(other)
    await assert.rejects(other.checkQueue(kept))
    assert.match(replyText(await closed), /^NOT_FOUND - no queue/)
  })

  it('is refused without a source, and where it could not be kept', async () => {
    const topic = await createTopic()
    const name = uniqueName('refused')
    const work = uniqueName('work')
    await channel.assertQueue(work)
    const source = { 'x-source': topic }
    const texts = [
      await refusal(name, { arguments: { 'x-source': 'nowhere' } }),
      await refusal(name, { arguments: { 'x-source': work } }),
      await refusal(name, { arguments: source, durable: false }),
      await refusal(name, { arguments: source, exclusive: true }),
      await refusal(name, { arguments: source, autoDelete: true }),
      await refusal(name, { arguments: { ...source, 'x-max-length-bytes': 3 } }),
      await refusal(name, { arguments: { 'x-source-offset': 'first' } }),
    ]
    const queue = `queue '${name}' in vhost '/'`
    assert.deepEqual(texts, [
      `NOT_FOUND - no queue 'nowhere' in vhost '/'`,
      `PRECONDITION_FAILED - queue '${work}' in vhost '/' cannot be a source: it is not a stream or topic`,
      `PRECONDITION_FAILED - invalid property 'non-durable' for ${queue}`,
      `PRECONDITION_FAILED - invalid property 'exclusive-owner' for ${queue}`,
      `PRECONDITION_FAILED - invalid property 'auto-delete' for ${queue}`,
      `PRECONDITION_FAILED - invalid arg 'x-max-length-bytes' for ${queue}: "not beside x-source"`,
      `PRECONDITION_FAILED - invalid arg 'x-source-offset' for ${queue}: "there is no x-source"`,
    ])
  })
})
