// A work queue with priorities is a topic with a partition for each priority that a message has had.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import type { Admin, Kafka, Producer } from 'kafkajs'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-priority-'))
let clients: BothClients
let channel: ConfirmChannel
let kafka: Kafka
let admin: Admin
let producer: Producer

async function open(): Promise<void> {
  clients = await BothClients.open(data)
  ;({ channel, kafka, admin, producer } = clients)
}

async function close(): Promise<void> {
  await clients[Symbol.asyncDispose]()
}

before(open)
after(async () => {
  await close()
  rmSync(data, { recursive: true, force: true })
})

async function declare(name: string): Promise<void> {
  await channel.assertQueue(name, { arguments: { 'x-max-priority': 9 } })
}

async function publish(queue: string, body: string, priority: number): Promise<void> {
  channel.sendToQueue(queue, Buffer.from(body), { priority, persistent: true })
  await channel.waitForConfirms()
}

async function produce(topic: string, partition: number, ...values: string[]): Promise<void> {
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
}

async function endOffsets(topic: string): Promise<string[]> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets
    .toSorted((a, b) => a.partition - b.partition)
    .map(({ low, high }) => `${low}–${high}`)
}

/** What a consumer group gets of a topic, as partition and value. */
async function consumed(topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 50 })
  await consumer.connect()
  const seen: string[] = []
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen.push(`${partition} ${message.value?.toString()}`)
    },
  })
  await waitFor(`${count} records of ${topic}`, () => seen.length >= count)
  await consumer.disconnect()
  return seen.toSorted()
}

async function drain(queue: string): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return bodies
    bodies.push(message.content.toString())
  }
}

describe('a queue with priorities', () => {
  it('is a topic with one more partition for each priority that comes up', async () => {
    const name = uniqueName('jobs')
    await declare(name)
    assert.deepEqual(await endOffsets(name), ['0–0'])
    await publish(name, 'a', 0)
    await publish(name, 'b', 7)
    await publish(name, 'c', 3)
    await publish(name, 'd', 7)
    assert.deepEqual(await endOffsets(name), ['0–1', '0–2', '0–1'])
    const all = ['0 a', '1 b', '1 d', '2 c']
    assert.deepEqual(await consumed(name, 4), all)
    await close()
    await open()
    assert.deepEqual(await consumed(name, 4), all)
    assert.deepEqual(await drain(name), ['b', 'd', 'c', 'a'])
  })

  it('takes what Kafka produces as of the priority of its partition, also after a restart', async () => {
    const name = uniqueName('jobs')
    await declare(name)
    await publish(name, 'a', 0)
    await publish(name, 'b', 5)
    await produce(name, 1, 'high', 'higher')
    await produce(name, 0, 'low')
    await publish(name, 'c', 5)
    await close()
    await open()
    await produce(name, 1, 'last')
    assert.deepEqual(await drain(name), ['b', 'high', 'higher', 'c', 'last', 'a', 'low'])
    assert.deepEqual(await endOffsets(name), ['2–2', '5–5'])
  })

  it('has what was produced to its name before it was declared, at the lowest priority', async () => {
    const name = uniqueName('jobs')
    await produce(name, 0, 'early', 'second')
    await declare(name)
    await publish(name, 'urgent', 9)
    await produce(name, 0, 'late')
    assert.deepEqual(await consumed(name, 4), ['0 early', '0 late', '0 second', '1 urgent'])
    await close()
    await open()
    assert.deepEqual(await drain(name), ['urgent', 'early', 'second', 'late'])
  })

  it('is gone for Kafka with all partitions when it is deleted', async () => {
    const name = uniqueName('jobs')
    await declare(name)
    await publish(name, 'a', 2)
    await produce(name, 1, 'b')
    await channel.deleteQueue(name)
    const topics = await admin.listTopics()
    assert.ok(!topics.includes(name))
    await close()
    await open()
    await declare(name)
    await publish(name, 'new', 4)
    assert.deepEqual(await drain(name), ['new'])
  })
})
