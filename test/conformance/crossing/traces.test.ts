// A message is followed from its publisher to its end, whatever protocols it comes and goes by.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Event {
  readonly sequence: number
  readonly message: number
  readonly event: string
  readonly stream?: string
  readonly offset?: number
  readonly reason?: string
  readonly protocol?: string
  readonly user?: string
  readonly connection?: string
  readonly client_id?: string
  readonly consumer_tag?: string
  readonly group?: string
  readonly message_id?: string
  readonly redelivered?: boolean
}

let broker: RunningBroker
let session: AmqpSession
let channel: Channel
let api: string

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
  channel = await session.channel()
  api = `http://127.0.0.1:${broker.addresses['http']?.port}/api/v1/traces/%2F`
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const asked = body === undefined ? {} : { body: JSON.stringify(body) }
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${api}${path}`, { method, headers, ...asked })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function traceOf(filter: unknown, rest: object = {}): Promise<string> {
  const { id } = await call<{ readonly id: string }>('POST', '', { filter, ...rest })
  return id
}

/** Events up to the first that is `last`; polls as a program would. */
async function eventsUntil(id: string, last: (event: Event) => boolean): Promise<Event[]> {
  const events: Event[] = []
  await waitFor('the last event', async () => {
    const page = await call<{ readonly events: Event[]; readonly next: number }>(
      'GET',
      `/${id}/events?wait_ms=100&after=${events.at(-1)?.sequence ?? 0}`,
    )
    events.push(...page.events)
    return events.some(last)
  })
  await call('DELETE', `/${id}`)
  return events
}

const kindsOf = (events: readonly Event[]): string[] =>
  events.map(({ event, stream }) => (stream === undefined ? event : `${event} ${stream}`))

describe('a trace', () => {
  it('follows a message from its exchange to its ack', async () => {
    const [first, second] = [uniqueName('first'), uniqueName('second')]
    for (const queue of [first, second]) {
      await channel.assertQueue(queue)
      await channel.bindQueue(queue, 'amq.fanout', '')
    }
    const id = await traceOf({ message_id: 'order-1' })
    const publish = (messageId: string): boolean =>
      channel.publish('amq.fanout', 'key', Buffer.from('x'), { messageId, persistent: true })
    publish('order-0')
    publish('order-1')
    const { consumerTag } = await channel.consume(first, (message) => channel.ack(message!))
    const events = await eventsUntil(id, ({ event }) => event === 'acked')
    await channel.cancel(consumerTag)
    assert.deepEqual(
      new Set(kindsOf(events)),
      new Set([
        'published',
        `routed ${first}`,
        `routed ${second}`,
        'durable',
        `delivered ${first}`,
        `acked ${first}`,
      ]),
    )
    const [published] = events
    assert.equal(published?.message_id, 'order-1')
    assert.equal(published?.user, 'guest')
    assert.match(published?.connection ?? '', /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ \(1\)$/)
    const delivered = events.find(({ event }) => event === 'delivered')
    assert.deepEqual([delivered?.consumer_tag, delivered?.offset], [consumerTag, 1])
    assert.deepEqual(new Set(events.map(({ message }) => message)), new Set([1]))
    for (const queue of [first, second]) await channel.deleteQueue(queue)
  })

  it('follows it through a reject into the dead-letter queue, and what becomes of it there', async () => {
    const [work, dead] = [uniqueName('work'), uniqueName('dead')]
    await channel.assertQueue(dead)
    await channel.assertQueue(work, {
      deadLetterExchange: '',
      deadLetterRoutingKey: dead,
    })
    const id = await traceOf({ correlation_id: 'c-1' })
    channel.sendToQueue(work, Buffer.from('x'), { correlationId: 'c-1' })
    const taken = await taking(work)
    channel.nack(taken, false, true)
    const again = await taking(work)
    channel.nack(again, false, false)
    await taking(dead)
    await channel.deleteQueue(dead)
    const events = await eventsUntil(id, ({ event }) => event === 'stream_deleted')
    assert.deepEqual(
      kindsOf(events).filter((kind) => kind !== 'durable'),
      [
        'published',
        `routed ${work}`,
        `got ${work}`,
        `returned ${work}`,
        `got ${work}`,
        `rejected ${work}`,
        `died ${work}`,
        `dead_lettered ${work}`,
        `routed ${dead}`,
        `got ${dead}`,
        `stream_deleted ${dead}`,
      ],
    )
    assert.deepEqual(
      events.filter(({ event }) => event === 'returned').map(({ reason }) => reason),
      ['requeue'],
    )
    assert.deepEqual(
      events.filter(({ event }) => event === 'died').map(({ reason }) => reason),
      ['rejected'],
    )
    assert.deepEqual(
      events.filter(({ event }) => event === 'got').map(({ redelivered }) => redelivered),
      [false, true, false],
    )
    await channel.deleteQueue(work)
  })

  it('says what expires, what is refused, what has nowhere to go, and what is purged', async () => {
    const [short, full] = [uniqueName('short'), uniqueName('full')]
    await channel.assertQueue(short, { messageTtl: 1 })
    await channel.assertQueue(full, {
      maxLength: 1,
      arguments: { 'x-overflow': 'reject-publish' },
    })
    const id = await traceOf({ headers: [{ name: 'traced', is: 'exists' }] })
    const headers = { traced: true }
    channel.sendToQueue(short, Buffer.from('1'), { headers })
    channel.sendToQueue(full, Buffer.from('2'), { headers })
    channel.sendToQueue(full, Buffer.from('3'), { headers })
    channel.publish('amq.direct', 'nowhere', Buffer.from('4'), { headers })
    await waitFor(
      'the first expires',
      async () => (await channel.checkQueue(short)).messageCount === 0,
    )
    await channel.purgeQueue(full)
    const events = await eventsUntil(id, ({ event }) => event === 'purged')
    const of = (message: number): string[] =>
      kindsOf(events.filter((each) => each.message === message && each.event !== 'durable'))
    assert.deepEqual(of(1), ['published', `routed ${short}`, `died ${short}`, `dropped ${short}`])
    assert.deepEqual(of(2), ['published', `routed ${full}`, `purged ${full}`])
    assert.deepEqual(of(3), ['published', `refused ${full}`])
    assert.deepEqual(of(4), ['published', 'unroutable'])
    for (const queue of [short, full]) await channel.deleteQueue(queue)
  })

  it('says of a deleted queue only what was in it', async () => {
    const queue = uniqueName('deleted')
    await channel.assertQueue(queue)
    const id = await traceOf({ headers: [{ name: 'traced', is: 'exists' }] })
    const headers = { traced: true }
    channel.sendToQueue(queue, Buffer.from('1'), { headers })
    channel.ack(await taking(queue))
    channel.sendToQueue(queue, Buffer.from('2'), { headers })
    channel.sendToQueue(queue, Buffer.from('3'), { headers })
    await taking(queue)
    await channel.deleteQueue(queue)
    const events = await eventsUntil(
      id,
      ({ event, message }) => event === 'stream_deleted' && message === 3,
    )
    const gone = events.filter(({ event }) => event === 'stream_deleted')
    assert.deepEqual(
      gone.map(({ message }) => message),
      [2, 3],
    )
  })

  it('does not say that a repeat is on disk', async () => {
    const [exchange, queue] = [uniqueName('unique'), uniqueName('queue')]
    await channel.assertExchange(exchange, 'x-message-deduplication', {
      arguments: { 'x-cache-size': 10 },
    })
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, '')
    const id = await traceOf({ headers: [{ name: 'traced', is: 'exists' }] })
    const headers = { traced: true, 'x-deduplication-header': 'a' }
    for (const text of ['1', '2']) channel.publish(exchange, '', Buffer.from(text), { headers })
    await taking(queue)
    await channel.deleteQueue(queue)
    const events = await eventsUntil(id, ({ event }) => event === 'stream_deleted')
    const repeat = events.filter(({ message }) => message === 2)
    assert.deepEqual(kindsOf(repeat), ['published', 'repeated'])
    await channel.deleteExchange(exchange)
  })

  it('finds what was there before in a stream', async () => {
    const queue = uniqueName('before')
    await channel.assertQueue(queue)
    channel.sendToQueue(queue, Buffer.from('one'), { messageId: 'old' })
    await channel.checkQueue(queue)
    const id = await traceOf({ message_id: 'old' }, { stream: queue })
    await eventsUntilOnly(id, 'found')
    channel.ack(await taking(queue))
    const events = await eventsUntil(id, ({ event }) => event === 'acked')
    assert.deepEqual(kindsOf(events), [`found ${queue}`, `got ${queue}`, `acked ${queue}`])
    assert.equal(events[0]?.reason, 'ready')
    await channel.deleteQueue(queue)
  })

  it('follows what AMQP publishes to a group of Kafka, and what Kafka produces to a queue', async () => {
    const topic = uniqueName('topic')
    const kafka = new Kafka({
      clientId: 'shop',
      brokers: [`127.0.0.1:${broker.addresses['kafka']?.port}`],
      logLevel: logLevel.NOTHING,
    })
    await channel.assertQueue(topic)
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`
    const id = await traceOf({ traceparent: trace })
    channel.sendToQueue(topic, Buffer.from('by AMQP'), { headers: { traceparent } })
    await channel.checkQueue(topic)
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({
      topic,
      compression: CompressionTypes.GZIP,
      messages: [{ value: 'other' }, { value: 'by Kafka', headers: { traceparent } }],
    })
    await producer.disconnect()
    const consumer = kafka.consumer({ groupId: 'readers', maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let count = 0
    await consumer.run({ eachMessage: async () => void count++ })
    await waitFor('three records', () => count === 3)
    await consumer.commitOffsets([{ topic, partition: 0, offset: '3' }])
    await consumer.disconnect()
    await channel.consume(topic, () => undefined)
    const events = await eventsUntil(
      id,
      ({ event, message }) => event === 'delivered' && message === 2,
    )
    const of = (message: number): string[] =>
      kindsOf(events.filter((each) => each.message === message))
    const shared = [
      `routed ${topic}`,
      'durable',
      `fetched ${topic}`,
      `committed ${topic}`,
      `delivered ${topic}`,
    ]
    for (const message of [1, 2])
      assert.deepEqual(new Set(of(message)), new Set(['published', ...shared]))
    const published = events.filter(({ event }) => event === 'published')
    assert.deepEqual(
      published.map(({ protocol }) => protocol),
      ['AMQP 0-9-1', 'Kafka'],
    )
    assert.equal(published[1]?.client_id, 'shop')
    assert.deepEqual(
      events.filter(({ event }) => event === 'routed').map(({ offset }) => offset),
      [0, 2],
    )
    assert.deepEqual(
      events.filter(({ event }) => event === 'committed').map(({ group }) => group),
      ['readers', 'readers'],
    )
  })
})

async function taking(
  queue: string,
): Promise<NonNullable<Awaited<ReturnType<Channel['get']>> & object>> {
  let taken: Awaited<ReturnType<Channel['get']>> = false
  await waitFor(`a message in ${queue}`, async () => {
    taken = await channel.get(queue)
    return taken !== false
  })
  return taken as never
}

/** Waits for one event, and leaves the trace as it is. */
async function eventsUntilOnly(id: string, wanted: string): Promise<void> {
  await waitFor(wanted, async () => {
    const { events } = await call<{ readonly events: Event[] }>('GET', `/${id}/events`)
    return events.some(({ event }) => event === wanted)
  })
}
