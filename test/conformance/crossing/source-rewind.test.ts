// Queues that read a topic and are rewound: what workers have done they do again, and nobody else notices.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')
const start = Date.now() - 1_000_000

describe('a queue with a source', () => {
  let broker: TestBroker
  let session: AmqpSession
  let admin: Admin
  let producer: Producer

  async function connect(): Promise<void> {
    session = await AmqpSession.open(broker.url)
    const brokers = [`127.0.0.1:${broker.kafkaPort}`]
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    admin = kafka.admin()
    producer = kafka.producer()
    await Promise.all([admin.connect(), producer.connect()])
  }

  async function disconnect(): Promise<void> {
    await Promise.all([admin.disconnect(), producer.disconnect()])
    await session[Symbol.asyncDispose]()
  }

  before(async () => {
    broker = await TestBroker.start(['--kafka-port', '0'])
    await connect()
  })
  after(async () => {
    await disconnect()
    await broker[Symbol.asyncDispose]()
  })

  async function kill(): Promise<void> {
    await disconnect()
    await broker.kill()
    await broker.restart()
    await connect()
  }

  /** A topic with records 0 … count - 1 in turn in its partitions, each a second later than the one before. */
  async function createTopic(count: number, numPartitions = 1): Promise<string> {
    const topic = uniqueName('source')
    await admin.createTopics({ topics: [{ topic, numPartitions }] })
    for (let n = 0; n < count; n++) {
      const message = {
        value: `${n}`,
        partition: n % numPartitions,
        timestamp: `${start + n * 1000}`,
      }
      await producer.send({ topic, acks: -1, messages: [message] })
    }
    return topic
  }

  async function subscribe(source: string, args: Record<string, unknown> = {}): Promise<string> {
    const queue = uniqueName('subscription')
    const channel = await session.channel()
    const all = { 'x-source': source, 'x-source-offset': 'first', ...args }
    await channel.assertQueue(queue, { arguments: all })
    await channel.close()
    return queue
  }

  /** Takes and acks so many messages; the acks are durable. */
  async function consume(queue: string, count: number): Promise<Inbox> {
    const channel = await session.channel()
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(count)
    for (const message of inbox.messages) channel.ack(message)
    await channel.close()
    const confirming = await session.confirmChannel()
    await confirming.assertQueue('ballast')
    confirming.sendToQueue('ballast', Buffer.from(''), { persistent: true })
    await confirming.waitForConfirms()
    await confirming.close()
    return inbox
  }

  async function rewind(
    queue: string,
    target: object,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const client = new BrokerClient(broker.dataFolder)
    return client.ask('POST', ['queues', '/', queue, 'rewind'], target)
  }

  async function rewound(queue: string, target: object): Promise<number> {
    const { status, body } = await rewind(queue, target)
    assert.equal(status, 200, JSON.stringify(body))
    return (body as { readonly message_count: number }).message_count
  }

  async function countOf(queue: string): Promise<number> {
    const channel = await session.channel()
    const { messageCount } = await channel.checkQueue(queue)
    await channel.close()
    return messageCount
  }

  for (const type of ['classic', 'quorum']) {
    it(`has the records of its source again, also after kill -9 (${type})`, async () => {
      const topic = await createTopic(6)
      const args = { 'x-queue-type': type }
      const [queue, other] = [await subscribe(topic, args), await subscribe(topic, args)]
      await consume(queue, 6)
      assert.equal(await rewound(queue, { offset: 2 }), 4)
      await kill()
      assert.deepEqual([await countOf(queue), await countOf(other)], [4, 6])
      const again = await consume(queue, 4)
      assert.deepEqual(again.bodies, ['2', '3', '4', '5'])
      assert.ok(again.messages.every(({ fields }) => fields.redelivered))
      await kill()
      assert.deepEqual([await countOf(queue), await countOf(other)], [0, 6])
      const offsets = await admin.fetchTopicOffsets(topic)
      assert.deepEqual(
        offsets.map(({ low, high }) => `${low}–${high}`),
        ['0–6'],
      )
    })
  }

  it('sends them to consumers that are there, and what is out stays with who has it', async () => {
    const topic = await createTopic(5)
    const queue = await subscribe(topic)
    const channel = await session.channel()
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(5)
    for (const message of inbox.messages.slice(0, 3)) channel.ack(message)
    await waitFor(
      'the acks',
      async () => (await channel.checkQueue(queue)) && (await rewound(queue, { offset: 1 })) === 2,
    )
    await inbox.received(7)
    assert.deepEqual(inbox.bodies, ['0', '1', '2', '3', '4', '1', '2'])
    await producer.send({ topic, acks: -1, messages: [{ value: 'new' }] })
    await inbox.received(8)
    assert.equal(inbox.bodies.at(-1), 'new')
  })

  it('is rewound to a time in all partitions with the command', async () => {
    const topic = await createTopic(8, 2)
    const queue = await subscribe(topic, { 'x-message-ttl': 3_600_000 })
    await consume(queue, 8)
    const refused = await rewind(queue, { offset: 0 })
    assert.equal(refused.status, 400)
    assert.match(
      JSON.stringify(refused.body),
      /has a source with several partitions: name one of them, or rewind it to a time/,
    )
    assert.equal(await rewound(queue, { offset: 3, partition: 1 }), 1)
    assert.deepEqual((await consume(queue, 1)).bodies, ['7'])
    assert.equal((await rewind(queue, { offset: 0, partition: 2 })).status, 400)
    assert.equal(await rewound(queue, { time: start + 4000, partition: 0 }), 2)
    assert.deepEqual((await consume(queue, 2)).bodies, ['4', '6'])
    const time = new Date(start + 5000).toISOString()
    const args = ['queue', 'rewind', queue, '--to-time', time, '--data', broker.dataFolder]
    const child = spawn(process.execPath, [mainFile, ...args])
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await once(child, 'close')
    assert.equal(output, `Queue '${queue}' was rewound: 3 messages are ready again\n`)
    assert.deepEqual((await consume(queue, 3)).bodies.toSorted(), ['5', '6', '7'])
  })

  it('goes back to the first record that the topic shows', async () => {
    const topic = await createTopic(6)
    const queue = await subscribe(topic)
    await consume(queue, 6)
    // So that the client knows where the topic is.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
    assert.equal(await rewound(queue, { offset: 0 }), 2)
    assert.deepEqual((await consume(queue, 2)).bodies, ['4', '5'])
  })

  it('lets messages live from the rewind on', async () => {
    const topic = await createTopic(3)
    const queue = await subscribe(topic, { 'x-message-ttl': 2_000_000 })
    await consume(queue, 3)
    const client = new BrokerClient(broker.dataFolder)
    const definition = { 'message-ttl': 900_000 }
    await client.ask('PUT', ['policies', '/', queue], { pattern: `^${queue}$`, definition })
    assert.equal(await rewound(queue, { offset: 0 }), 3)
    await kill()
    assert.equal(await countOf(queue), 3)
    assert.deepEqual((await consume(queue, 3)).bodies, ['0', '1', '2'])
  })

  it('keeps what was published to it where a retention says so', async () => {
    const topic = await createTopic(2)
    const [queue, without] = [await subscribe(topic), await subscribe(topic)]
    const client = new BrokerClient(broker.dataFolder)
    const definition = { 'retention-ms': 3_600_000 }
    await client.ask('PUT', ['policies', '/', queue], { pattern: `^${queue}$`, definition })
    let channel = await session.confirmChannel()
    for (const each of [queue, without]) channel.sendToQueue(each, Buffer.from('own'))
    await channel.waitForConfirms()
    for (const each of [queue, without]) await consume(each, 3)
    assert.equal(await rewound(queue, { time: 0 }), 3)
    assert.equal(await rewound(without, { time: 0 }), 2)
    await kill()
    assert.deepEqual((await consume(queue, 3)).bodies, ['own', '0', '1'])
    assert.equal(await rewound(queue, { offset: 1 }), 1)
    assert.deepEqual((await consume(queue, 1)).bodies, ['1'])
    const declared = await subscribe(topic, { 'x-retention-bytes': 1_000_000 })
    channel = await session.confirmChannel()
    channel.sendToQueue(declared, Buffer.from('own'))
    await channel.waitForConfirms()
    await consume(declared, 3)
    assert.equal(await rewound(declared, { time: 0 }), 3)
  })
})
