// Consumers of streams that ask for some messages only: x-stream-filter, x-stream-match-unfiltered, and
// the header x-stream-filter-value of what is published (RabbitMQ 3.13 and later).

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Channel } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'

let broker: RunningBroker
let session: AmqpSession
let channel: Channel
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 'off',
  })
  session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
  channel = await session.channel()
  await channel.prefetch(100)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

/** A stream with one message per region; undefined stands for a message without a filter value. */
async function streamOf(...regions: (string | number | undefined)[]): Promise<string> {
  const name = uniqueName('regions')
  await channel.assertQueue(name, { arguments: { 'x-queue-type': 'stream' } })
  await publish(name, ...regions)
  return name
}

async function publish(name: string, ...regions: (string | number | undefined)[]): Promise<void> {
  const publisher = await session.confirmChannel()
  for (const [index, region] of regions.entries()) {
    const headers = region === undefined ? {} : { 'x-stream-filter-value': region }
    publisher.sendToQueue(name, Buffer.from(`${region}${index}`), { headers })
  }
  await publisher.waitForConfirms()
  await publisher.close()
}

function consume(name: string, args: Record<string, unknown>): Promise<Inbox> {
  return Inbox.consume(channel, name, { arguments: { 'x-stream-offset': 'first', ...args } })
}

/** What a consumer gets up to the message `end0`, which passes every filter of these tests. */
async function filtered(name: string, args: Record<string, unknown>): Promise<string[]> {
  const inbox = await consume(name, args)
  await publish(name, 'end')
  for (let count = 1; inbox.bodies.at(-1) !== 'end0'; count++) await inbox.received(count)
  await channel.cancel(inbox.consumerTag)
  return inbox.bodies.filter((body) => body !== 'end0')
}

it('delivers what has one of the values, and nothing else', async () => {
  const name = await streamOf('eu', 'us', undefined, 'asia', 'eu', 7)
  const filter = ['eu', 'asia', 'end']
  assert.deepEqual(await filtered(name, { 'x-stream-filter': filter }), ['eu0', 'asia3', 'eu4'])
})

it('takes a single value as text', async () => {
  const name = await streamOf('eu', 'us', 'end')
  assert.deepEqual(await filtered(name, { 'x-stream-filter': 'end' }), ['end2'])
})

it('delivers what has no value, too, when asked', async () => {
  const name = await streamOf('eu', undefined, 'us')
  const args = { 'x-stream-filter': ['us', 'end'], 'x-stream-match-unfiltered': true }
  assert.deepEqual(await filtered(name, args), ['undefined1', 'us2'])
  const strict = { ...args, 'x-stream-match-unfiltered': false }
  assert.deepEqual(await filtered(name, strict), ['us2'])
})

it('delivers everything without a filter', async () => {
  const name = await streamOf('eu', undefined)
  assert.deepEqual(await filtered(name, { 'x-stream-match-unfiltered': true }), [
    'eu0',
    'undefined1',
  ])
})

it('looks at the header of Kafka’s records as well', async () => {
  const name = await streamOf()
  const brokers = [`127.0.0.1:${broker.addresses['kafka']?.port}`]
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  const messages = ['us', 'eu'].map((value) => ({
    value,
    headers: { 'x-stream-filter-value': value },
  }))
  await producer.send({ topic: name, messages })
  await producer.disconnect()
  assert.deepEqual(await filtered(name, { 'x-stream-filter': ['eu', 'end'] }), ['eu'])
})

it('needs no acks for what it passes over, and gives it its real offset', async () => {
  const name = await streamOf(...Array.from({ length: 300 }, (_, n) => (n % 150 ? 'us' : 'eu')))
  const inbox = await consume(name, { 'x-stream-filter': 'eu' })
  const offsets = (await inbox.received(2)).map(
    ({ properties }) => properties.headers?.['x-stream-offset'],
  )
  assert.deepEqual(offsets, [0, 150])
  await channel.cancel(inbox.consumerTag)
})
