// A topic that Kafka made only because a client asked for its name becomes what AMQP first declares:
// which side starts first must not decide what a name is.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

/** Kafka's number for topics among the resources with settings. */
const TOPIC_RESOURCE = 2

const data = mkdtempSync(join(tmpdir(), 'pabal-provisional-'))
let broker: RunningBroker
let session: AmqpSession
let kafka: Kafka
let admin: Admin

async function open(): Promise<void> {
  broker = await startBroker({
    data,
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 'off',
  })
  session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
  const brokers = [`127.0.0.1:${broker.addresses['kafka']?.port}`]
  kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
}

async function close(): Promise<void> {
  await admin.disconnect()
  await session[Symbol.asyncDispose]()
  await broker.close()
}

before(open)
after(async () => {
  await close()
  rmSync(data, { recursive: true, force: true })
})

/** Makes the topic as a Kafka program does that just begins to produce. */
async function produce(topic: string, ...values: string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) })
  await producer.disconnect()
}

const streamOf = (args: Record<string, unknown>): Record<string, unknown> => ({
  'x-queue-type': 'stream',
  ...args,
})

async function declare(name: string, args: Record<string, unknown>): Promise<void> {
  const channel = await session.channel()
  await channel.assertQueue(name, { arguments: args })
  await channel.close()
}

async function refusalOf(name: string, args: Record<string, unknown>): Promise<string> {
  const channel = await session.channel()
  const closed = channelClosed(channel)
  await channel.assertQueue(name, { arguments: args }).catch(() => undefined)
  return replyText(await closed)
}

async function set(topic: string, settings: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  const resource = { type: TOPIC_RESOURCE, name: topic, configEntries }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
}

/** What a topic is to Kafka. */
async function seenByKafka(topic: string): Promise<unknown> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const configNames = ['retention.ms', 'retention.bytes', 'max.message.bytes']
  const resource = { type: TOPIC_RESOURCE, name: topic, configNames }
  const { resources } = await admin.describeConfigs({
    resources: [resource],
    includeSynonyms: false,
  })
  const settings = resources[0]?.configEntries.map(({ configName, configValue }) => [
    configName,
    configValue,
  ])
  return { partitions: topics[0]?.partitions.length, ...Object.fromEntries(settings ?? []) }
}

const limited = { 'x-max-age': '2h', 'x-max-length-bytes': 5_000_000, 'x-partitions': 3 }
const limitedSeen = {
  partitions: 3,
  'retention.ms': '7200000',
  'retention.bytes': '5000000',
  'max.message.bytes': '1048588',
}
const unlimitedSeen = {
  ...limitedSeen,
  partitions: 1,
  'retention.ms': '-1',
  'retention.bytes': '-1',
}

describe('a topic that Kafka made by asking', () => {
  it('is, once AMQP has declared it, the stream that it would have been if declared first', async () => {
    for (const [args, seen] of [
      [limited, limitedSeen],
      [{}, unlimitedSeen],
    ] as const) {
      const [early, late] = [uniqueName('early'), uniqueName('late')]
      await declare(early, streamOf(args))
      await produce(early, 'a')
      await produce(late, 'a')
      await declare(late, streamOf(args))
      assert.deepEqual(await seenByKafka(early), seen)
      assert.deepEqual(await seenByKafka(late), seen)
    }
  })

  it('is a work queue that holds to its limits from the first message on', async () => {
    for (const args of [{ 'x-max-length': 1 }, { 'x-max-length-bytes': 1 }]) {
      const name = uniqueName('limited')
      await produce(name, 'a', 'b', 'c')
      await declare(name, args)
      const channel = await session.channel()
      await waitFor('its limit', async () => (await channel.checkQueue(name)).messageCount === 1)
      await channel.close()
    }
  })

  it('keeps its messages when it gets more partitions, and consumers read the new ones', async () => {
    const name = uniqueName('grown')
    await produce(name, 'before')
    const channel = await session.channel()
    await channel.prefetch(10)
    const inbox = await Inbox.consume(channel, name, { arguments: { 'x-stream-offset': 'first' } })
    await inbox.received(1)
    await declare(name, streamOf({ 'x-partitions': 2 }))
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: name, messages: [{ value: 'after', partition: 1 }] })
    await producer.disconnect()
    await inbox.received(2)
    assert.deepEqual(inbox.bodies, ['before', 'after'])
  })

  it('keeps settings that somebody has set, where the declaration names no limit', async () => {
    const name = uniqueName('set')
    await produce(name, 'a')
    await set(name, {
      'retention.ms': '1000000',
      'retention.bytes': '70000000',
      'max.message.bytes': '2000',
    })
    await declare(name, streamOf({ 'x-max-age': '2h' }))
    assert.deepEqual(await seenByKafka(name), {
      partitions: 1,
      'retention.ms': '7200000',
      'retention.bytes': '70000000',
      'max.message.bytes': '2000',
    })
  })

  it('is refused with fewer partitions than it has, and stays provisional', async () => {
    const name = uniqueName('shrunk')
    await produce(name, 'a')
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: 3 }] })
    assert.match(
      await refusalOf(name, streamOf({ 'x-partitions': 2 })),
      /^PRECONDITION_FAILED - inequivalent arg 'x-partitions' .* received '2' but current is '3'/,
    )
    await declare(name, streamOf({ 'x-partitions': 4, 'x-max-age': '2h' }))
  })

  it('is, once declared, what it was declared as, also after a restart', async () => {
    const name = uniqueName('confirmed')
    await produce(name, 'a')
    await declare(name, streamOf(limited))
    await close()
    await open()
    assert.deepEqual(await seenByKafka(name), limitedSeen)
    await declare(name, streamOf(limited))
    for (const other of [{ 'x-max-age': '3h' }, { 'x-max-length-bytes': 1 }]) {
      const [[argument]] = Object.entries(other) as [[string, unknown]]
      const expected = new RegExp(`^PRECONDITION_FAILED - inequivalent arg '${argument}'`)
      assert.match(await refusalOf(name, streamOf({ ...limited, ...other })), expected)
    }
    // Of several differences the first in RabbitMQ's order.
    const asWork = /^PRECONDITION_FAILED - inequivalent arg 'x-max-length-bytes'/
    assert.match(await refusalOf(name, {}), asWork)
  })
})

describe('a topic that Kafka has created explicitly', () => {
  it('may be declared with the limits that it has, and with no others', async () => {
    const name = uniqueName('created')
    const configEntries = [{ name: 'retention.ms', value: '7200000' }]
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 3, configEntries }] })
    await declare(name, streamOf({}))
    await declare(name, streamOf({ 'x-max-age': '2h', 'x-partitions': 3 }))
    assert.match(
      await refusalOf(name, streamOf({ 'x-max-age': '3h' })),
      /^PRECONDITION_FAILED - inequivalent arg 'x-max-age'/,
    )
    assert.match(
      await refusalOf(name, {}),
      /^PRECONDITION_FAILED - inequivalent arg 'x-queue-type'/,
    )
  })
})
