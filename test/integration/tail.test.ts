// Tails by HTTP beside real clients: what they publish is shown as it comes, and stays for those who consume.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { tailLimits } from '../../src/limits/tail.ts'
import { BothClients } from '../support/both-clients.ts'
import { EventStream, type EventStreamOptions } from '../support/event-stream.ts'
import { waitFor, within } from '../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-tail-'))
let clients: BothClients
before(async () => {
  clients = await BothClients.open(data, { httpPort: 0 })
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(data, { recursive: true })
})

interface Message {
  readonly offset: number
  readonly partition?: number
  readonly payload: string
  readonly state?: string
  readonly properties: Readonly<Record<string, unknown>>
}

function api(path: string): string {
  return `http://127.0.0.1:${clients.broker.addresses['http']!.port}/api${path}`
}

function tail(name: string, query = '', options?: EventStreamOptions): Promise<EventStream> {
  return EventStream.open(api(`/v1/streams/%2F/${name}/tail?${query}`), {
    auth: 'guest:guest',
    ...options,
  })
}

async function ask(method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(api(path), {
    method,
    headers: { authorization: `Basic ${btoa('guest:guest')}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`)
}

/** Resolves when all are confirmed. */
async function publish(queue: string, ...texts: readonly string[]): Promise<void> {
  const { channel } = clients
  for (const text of texts) channel.sendToQueue(queue, Buffer.from(text), { persistent: true })
  await channel.waitForConfirms()
}

async function messages(stream: EventStream, count: number): Promise<Message[]> {
  return (await stream.take(count)).map(({ type, data: json }) => {
    assert.equal(type, 'message', json)
    return JSON.parse(json) as Message
  })
}

const payloads = (shown: readonly Message[]): string[] => shown.map(({ payload }) => payload)

test('what comes into a queue is shown at once and stays', async () => {
  await clients.channel.assertQueue('orders')
  await publish('orders', 'before')
  await using stream = await tail('orders')
  assert.equal(stream.response.headers['content-type'], 'text/event-stream')
  const began = performance.now()
  await publish('orders', 'one', 'two')
  const shown = await messages(stream, 2)
  assert.ok(performance.now() - began < tailLimits.heartbeatMs, 'not with a sign of life')
  assert.deepEqual(payloads(shown), ['one', 'two'])
  assert.equal(shown[0]?.properties['delivery_mode'], 2)
  const { messageCount } = await clients.channel.checkQueue('orders')
  assert.equal(messageCount, 3)
  const got = await clients.channel.get('orders', { noAck: true })
  assert.equal(got !== false && got.fields.redelivered, false)
})

for (const [consumer, options] of [
  ['acks', {}],
  ['gets without acks', { noAck: true }],
] as const) {
  test(`what a consumer ${consumer} at once is shown all the same`, async () => {
    const queue = `busy-${consumer.length}`
    await clients.channel.assertQueue(queue)
    const { consumerTag } = await clients.channel.consume(
      queue,
      (message) => void (consumer === 'acks' && clients.channel.ack(message!)),
      options,
    )
    await using stream = await tail(queue)
    const texts = Array.from({ length: 100 }, (_, n) => `${n}`)
    for (const text of texts) await publish(queue, text)
    assert.deepEqual(payloads(await messages(stream, 100)), texts)
    const { messageCount } = await clients.channel.checkQueue(queue)
    assert.equal(messageCount, 0)
    await clients.channel.cancel(consumerTag)
  })
}

test('records of all partitions are shown, and filters are heeded', async () => {
  await clients.admin.createTopics({ topics: [{ topic: 'events', numPartitions: 3 }] })
  await using all = await tail('events')
  await using second = await tail('events', 'partition=1')
  const filter = JSON.stringify({ text: '7' })
  await using sevens = await tail('events', new URLSearchParams({ filter }).toString())
  const records = Array.from({ length: 30 }, (_, n) => ({ value: `${n}`, partition: n % 3 }))
  await clients.producer.send({ topic: 'events', messages: records })
  const shown = await messages(all, 30)
  assert.deepEqual(
    payloads(shown).toSorted((a, b) => Number(a) - Number(b)),
    records.map(({ value }) => value),
  )
  const ofSecond = await messages(second, 10)
  assert.ok(ofSecond.every(({ partition }) => partition === 1))
  assert.deepEqual(payloads(await messages(sevens, 3)).toSorted(), ['17', '27', '7'])
})

test('each place to begin at is known', async () => {
  await clients.channel.assertQueue('places')
  await publish('places', ...Array.from({ length: 20 }, (_, n) => `${n}`))
  const starts = [
    ['from=earliest', '0'],
    ['from=first', '0'],
    ['from=15', '15'],
    ['from=last&count=3', '17'],
    ['from=-1h', '0'],
    ['from=2020-01-01T00:00:00Z', '0'],
  ]
  for (const [query, expected] of starts) {
    await using stream = await tail('places', query)
    const [shown] = await messages(stream, 1)
    assert.equal(shown?.payload, expected, query)
  }
  await assert.rejects(tail('places', 'from=yesterday'), /400 .*from: no such place/)
  await assert.rejects(tail('places', 'filter=%7B'), /400 .*filter/)
  await assert.rejects(tail('places', 'what=1'), /400 .*what/)
  await assert.rejects(tail('none'), /404/)
  await assert.rejects(tail('events', 'from=3'), /400 .*several partitions/)
  await assert.rejects(tail('places', '', { lastEventId: 'x' }), /400 .*Last-Event-ID/)
})

test('who comes back with the id of an event has no gap and nothing twice', async () => {
  await clients.channel.assertQueue('again')
  const first = await tail('again')
  const atStart = first.lastId
  await publish('again', 'a', 'b', 'c')
  const [event] = await first.take(1)
  await first[Symbol.asyncDispose]()
  await publish('again', 'd')
  await using second = await tail('again', '', { lastEventId: event!.id })
  assert.deepEqual(payloads(await messages(second, 3)), ['b', 'c', 'd'])
  await using beforeAll = await tail('again', '', { lastEventId: atStart })
  assert.deepEqual(payloads(await messages(beforeAll, 4)), ['a', 'b', 'c', 'd'])
})

test('a place in a queue that is gone is told, and all of the new one is shown', async () => {
  await clients.channel.assertQueue('remade')
  await publish('remade', 'old')
  const { lastId } = await tail('remade').then(async (stream) => {
    await stream[Symbol.asyncDispose]()
    return stream
  })
  await clients.channel.deleteQueue('remade')
  await clients.channel.assertQueue('remade')
  await publish('remade', 'new')
  await using stream = await tail('remade', '', { lastEventId: lastId })
  const [gap, message] = await stream.take(2)
  assert.equal(gap?.type, 'gap')
  assert.match(gap.data, /other stream/)
  assert.match(message!.data, /new/)
})

test('a queue that is deleted ends its tails', async () => {
  await clients.channel.assertQueue('short')
  await using stream = await tail('short')
  await clients.channel.deleteQueue('short')
  const event = await stream.next()
  assert.equal(event?.type, 'end')
  assert.match(event.data, /deleted/)
  assert.equal(await stream.next(), undefined)
})

test('a tail ends when its user may not read any more, has another password, or is deleted', async () => {
  await clients.channel.assertQueue('guarded')
  const rights = { configure: '', write: '', read: '.*' }
  const changes: readonly (readonly [string, () => Promise<void>])[] = [
    ['read access', () => ask('PUT', '/permissions/%2F/looker', { ...rights, read: '^other' })],
    ['login has ended', () => ask('PUT', '/users/looker', { password: 'b', tags: 'management' })],
    ['login has ended', () => ask('DELETE', '/users/looker')],
  ]
  for (const [reason, change] of changes) {
    await ask('PUT', '/users/looker', { password: 'a', tags: 'management' })
    await ask('PUT', '/permissions/%2F/looker', rights)
    await using stream = await tail('guarded', '', { auth: 'looker:a' })
    await change()
    const event = await stream.next()
    assert.equal(event?.type, 'end')
    assert.match(event.data, new RegExp(reason))
  }
})

test('a session that ends ends its tails with the next message', async () => {
  await clients.channel.assertQueue('seen')
  const login = await fetch(api('/v1/session'), {
    method: 'POST',
    body: JSON.stringify({ user: 'guest', password: 'guest' }),
  })
  const [cookie = ''] = login.headers.getSetCookie()[0]!.split(';')
  await using stream = await tail('seen', '', { auth: undefined, headers: { cookie } } as never)
  await publish('seen', 'one')
  assert.deepEqual(payloads(await messages(stream, 1)), ['one'])
  assert.ok((await fetch(api('/v1/session'), { method: 'DELETE', headers: { cookie } })).ok)
  await publish('seen', 'two')
  const event = await stream.next()
  assert.equal(event?.type, 'end')
})

test('who reads slowly holds little, and is told what is trimmed meanwhile', async () => {
  await clients.admin.createTopics({ topics: [{ topic: 'fast', numPartitions: 1 }] })
  await using stream = await tail('fast')
  stream.response.pause()
  const body = 'x'.repeat(100_000)
  for (let count = 0; count < 50; count++) {
    const records = Array.from({ length: 6 }, (_, n) => ({ value: `${count * 6 + n} ${body}` }))
    await clients.producer.send({ topic: 'fast', messages: records })
  }
  // kafkajs does not ask by itself who leads the partition.
  await clients.admin.fetchTopicOffsets('fast')
  await clients.admin.deleteTopicRecords({
    topic: 'fast',
    partitions: [{ partition: 0, offset: '250' }],
  })
  stream.response.resume()
  let next = 0
  let gapAt: number | undefined
  while (next < 300) {
    const event = await stream.next()
    const shown = JSON.parse(event!.data) as { offset: number; from: number; to: number }
    if (event!.type === 'gap') {
      gapAt = next
      assert.equal(shown.from, next)
      next = shown.to
    } else {
      assert.equal(shown.offset, next)
      next++
    }
  }
  // What the sockets between hold, and a page.
  assert.ok(gapAt !== undefined && gapAt < 150, `${gapAt}`)
})

test('a login has so many tails and no more', async () => {
  await clients.channel.assertQueue('many')
  const streams: EventStream[] = []
  await assert.rejects(async () => {
    for (let count = 0; count < 40; count++) streams.push(await tail('many'))
  }, /429/)
  assert.equal(streams.length, 32)
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  await using _next = await waitFor('there is room again', () =>
    tail('many').catch(() => undefined),
  )
})

test('a broker stops without waiting for tails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-tail-stop-'))
  const others = await BothClients.open(folder, { httpPort: 0 })
  await others.channel.assertQueue('last')
  const { port } = others.broker.addresses['http']!
  const stream = await EventStream.open(`http://127.0.0.1:${port}/api/v1/streams/%2F/last/tail`, {
    auth: 'guest:guest',
  })
  const closing = others[Symbol.asyncDispose]()
  const event = await stream.next()
  assert.equal(event?.type, 'end')
  assert.match(event.data, /stops/)
  await within('the broker stops', closing)
  rmSync(folder, { recursive: true })
})
