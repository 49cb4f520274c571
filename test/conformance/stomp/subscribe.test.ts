// SUBSCRIBE and UNSUBSCRIBE: which queues destinations stand for, what MESSAGE has, and ack modes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Channel } from 'amqplib'
import type { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
let channel: Channel
before(async () => {
  broker = await StompUnderTest.start()
  channel = await broker.session.channel()
})
after(() => broker[Symbol.asyncDispose]())

async function messages(client: RawStomp, count: number): Promise<string[]> {
  const bodies: string[] = []
  while (bodies.length < count) bodies.push((await client.expect('MESSAGE')).body)
  return bodies
}

async function sendAll(destination: string, bodies: readonly string[]): Promise<void> {
  const client = await broker.client()
  for (const body of bodies) await client.done('SEND', { destination }, body)
}

async function isThere(queue: string): Promise<boolean> {
  const other = await broker.session.channel()
  return other.checkQueue(queue).then(
    () => true,
    () => false,
  )
}

test('MESSAGE in 1.2 has subscription, destination, message-id, redelivered and ack', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/frame', id: 'sub', ack: 'client' })
  client.send('SEND', { destination: '/queue/frame' }, 'body')
  const { headers, body } = await client.expect('MESSAGE')
  const id = headers['message-id'] ?? ''
  assert.match(id, /^T_sub@@session-[\w-]{22}@@1$/)
  assert.deepEqual(headers, {
    subscription: 'sub',
    destination: '/queue/frame',
    'message-id': id,
    redelivered: 'false',
    ack: id,
    'content-length': '4',
  })
  assert.equal(body, 'body')
})

test('MESSAGE in 1.1 has no ack, and neither has one that nobody acks', async () => {
  for (const [version, ack] of [
    ['1.1', 'client'],
    ['1.2', 'auto'],
  ] as const) {
    const client = await broker.client({ version })
    const destination = `/queue/no-ack-${version}`
    await client.done('SUBSCRIBE', { destination, id: 'a', ack })
    client.send('SEND', { destination })
    const { headers } = await client.expect('MESSAGE')
    assert.deepEqual([headers['ack'], headers['content-length']], [undefined, undefined])
  }
})

test('MESSAGE in 1.0: a subscription without an id is named by its destination', async () => {
  const client = await broker.client({ version: '1.0' })
  await client.done('SUBSCRIBE', { destination: '/queue/old', ack: 'client' })
  await client.done('SEND', { destination: '/queue/old', note: ' a:b\\n' }, 'x')
  const { headers } = await client.expect('MESSAGE')
  assert.equal(headers['subscription'], undefined)
  assert.match(headers['message-id'] ?? '', /^Q_\/queue\/old@@session-/)
  // 1.0 has no escapes.
  assert.equal(headers['note'], 'a:b\\n')
  await client.done('ACK', { 'message-id': headers['message-id'] })
  await client.done('UNSUBSCRIBE', { destination: '/queue/old' })
  assert.equal((await channel.checkQueue('old')).messageCount, 0)
})

test('ack:client is cumulative over every subscription of the connection', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/c1', id: '1', ack: 'client' })
  await client.done('SUBSCRIBE', { destination: '/queue/c2', id: '2', ack: 'client' })
  for (const name of ['c1', 'c2', 'c1', 'c2']) {
    await client.done('SEND', { destination: `/queue/${name}` }, name)
  }
  await messages(client, 2)
  const third = await client.expect('MESSAGE')
  await client.expect('MESSAGE')
  await client.done('ACK', { id: third.headers['ack'] })
  await client[Symbol.asyncDispose]()
  await waitFor('the rest is back', async () => (await channel.checkQueue('c2')).messageCount === 1)
  assert.equal((await channel.checkQueue('c1')).messageCount, 0)
})

test('ack:client-individual is for one message; the others come again, redelivered:true', async () => {
  const client = await broker.client()
  const headers = { destination: '/queue/individual', id: '1', ack: 'client-individual' }
  await client.done('SUBSCRIBE', headers)
  await sendAll('/queue/individual', ['one', 'two', 'three'])
  await client.expect('MESSAGE')
  const second = await client.expect('MESSAGE')
  await client.expect('MESSAGE')
  await client.done('ACK', { id: second.headers['ack'] })
  await client[Symbol.asyncDispose]()
  const next = await broker.client()
  await next.done('SUBSCRIBE', headers)
  for (const body of ['one', 'three']) {
    const message = await next.expect('MESSAGE')
    assert.deepEqual([message.body, message.headers['redelivered']], [body, 'true'])
  }
})

test('NACK puts a message back; requeue:false lets it die', async () => {
  await channel.assertExchange('dead', 'fanout')
  await channel.assertQueue('dead', { durable: true })
  await channel.bindQueue('dead', 'dead', '')
  const client = await broker.client()
  await client.done('SUBSCRIBE', {
    destination: '/queue/nacked',
    id: '1',
    ack: 'client-individual',
    'x-dead-letter-exchange': 'dead',
  })
  await client.done('SEND', { destination: '/queue/nacked' }, 'x')
  const first = await client.expect('MESSAGE')
  await client.done('NACK', { id: first.headers['ack'] })
  const second = await client.expect('MESSAGE')
  assert.equal(second.headers['redelivered'], 'true')
  await client.done('NACK', { id: second.headers['ack'], requeue: 'false' })
  await waitFor(
    'the dead letter',
    async () => (await channel.checkQueue('dead')).messageCount === 1,
  )
})

test('a quorum queue says how often a message came back', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', {
    destination: '/queue/counting',
    id: '1',
    ack: 'client-individual',
    'x-queue-type': 'quorum',
  })
  await client.done('SEND', { destination: '/queue/counting' }, 'x')
  await client.expect('MESSAGE')
  await client[Symbol.asyncDispose]()
  const next = await broker.client()
  await next.done('SUBSCRIBE', { destination: '/queue/counting', id: '1', ack: 'client' })
  assert.equal((await next.expect('MESSAGE')).headers['x-delivery-count'], '1')
})

test('prefetch-count bounds what is unacked', async () => {
  const client = await broker.client()
  await sendAll('/queue/few', ['1', '2', '3', '4', '5'])
  const headers = { destination: '/queue/few', id: '1', ack: 'client', 'prefetch-count': 2 }
  await client.done('SUBSCRIBE', headers)
  await client.expect('MESSAGE')
  const second = await client.expect('MESSAGE')
  await waitFor('three wait', async () => (await channel.checkQueue('few')).messageCount === 3)
  assert.deepEqual(client.pending, [])
  client.send('ACK', { id: second.headers['ack'] })
  assert.deepEqual(await messages(client, 2), ['3', '4'])
})

test('x-priority: the subscription with the higher one gets what there is', async () => {
  const [low, high] = [await broker.client(), await broker.client()]
  await low.done('SUBSCRIBE', { destination: '/queue/ranked', id: '1' })
  await high.done('SUBSCRIBE', { destination: '/queue/ranked', id: '1', 'x-priority': 5 })
  await sendAll('/queue/ranked', ['a', 'b'])
  assert.deepEqual(await messages(high, 2), ['a', 'b'])
  assert.deepEqual(low.pending, [])
})

test('UNSUBSCRIBE: nothing more comes, and what came may still be acked', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/left', id: '1', ack: 'client' })
  await client.done('SEND', { destination: '/queue/left' }, 'one')
  const { headers } = await client.expect('MESSAGE')
  await client.done('UNSUBSCRIBE', { id: '1' })
  await client.done('SEND', { destination: '/queue/left' }, 'two')
  await client.done('ACK', { id: headers['ack'] })
  assert.deepEqual(client.pending, [])
  assert.equal((await channel.checkQueue('left')).messageCount, 1)
})

test('destination /topic/: each subscription has a queue of its own, which goes with it', async () => {
  const [one, two] = [await broker.client(), await broker.client()]
  await one.done('SUBSCRIBE', { destination: '/topic/news.*', id: '1' })
  await two.done('SUBSCRIBE', { destination: '/topic/news.%23', id: '1', 'x-queue-name': 'mine' })
  await sendAll('/topic/news.today', ['x'])
  for (const client of [one, two]) {
    const { headers } = await client.expect('MESSAGE')
    assert.equal(headers['destination'], '/topic/news.today')
  }
  assert.ok(await isThere('mine'))
  await two.done('UNSUBSCRIBE', { id: '1' })
  await waitFor('its queue is gone', async () => !(await isThere('mine')))
})

test('destination /topic/, durable: the queue stays until UNSUBSCRIBE says durable, too', async () => {
  const headers = {
    destination: '/topic/durable.x',
    id: 'sub-1',
    durable: 'true',
    'auto-delete': 'false',
  }
  const first = await broker.client()
  await first.done('SUBSCRIBE', headers)
  await first.done('DISCONNECT')
  await first.closed()
  // RabbitMQ 3.10's name for this destination and id.
  const name = 'stomp-subscription-PTEwu01gX25FRqDzsWGLEw'
  assert.ok(await isThere(name))
  await sendAll('/topic/durable.x', ['while away'])
  const second = await broker.client()
  await second.done('SUBSCRIBE', headers)
  assert.deepEqual(await messages(second, 1), ['while away'])
  await second.done('UNSUBSCRIBE', { id: 'sub-1', durable: 'true' })
  assert.equal(await isThere(name), false)
})

test('destination /exchange/: a queue of the connection alone, bound with the key', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', {
    destination: '/exchange/amq.direct/key%2Fslash',
    id: '1',
    'x-queue-name': 'bound',
  })
  await sendAll('/exchange/amq.direct/key%2Fslash', ['x'])
  const { headers } = await client.expect('MESSAGE')
  assert.equal(headers['destination'], '/exchange/amq.direct/key%2Fslash')
  assert.equal(await isThere('bound'), false)
})

test('destination /amq/queue/: what is there, whoever made it', async () => {
  await channel.assertQueue('of/amqp', { durable: false })
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/amq/queue/of%2Famqp', id: '1' })
  channel.sendToQueue('of/amqp', Buffer.from('x'), { replyTo: 'answers' })
  const { headers } = await client.expect('MESSAGE')
  assert.equal(headers['destination'], '/queue/of%2Famqp')
  assert.equal(headers['reply-to'], '/reply-queue/answers')
})

test("headers of AMQP that are one value are shown; MESSAGE's own come first", async () => {
  await channel.assertQueue('typed', { durable: true })
  channel.sendToQueue('typed', Buffer.from('x'), {
    headers: {
      text: 'a',
      small: 5,
      large: 5_000_000_000,
      yes: true,
      half: 0.5,
      list: ['a'],
      nested: { a: 1 },
      subscription: 'not this',
      destination: 'nor this',
    },
  })
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/typed', id: 'typed' })
  const { headers } = await client.expect('MESSAGE')
  const { text, small, large, yes, half, list, nested } = headers
  assert.deepEqual([text, small, large, yes, half], ['a', '5', '5000000000', 'true', '0.5'])
  assert.deepEqual([list, nested], [undefined, undefined])
  assert.deepEqual([headers['subscription'], headers['destination']], ['typed', '/queue/typed'])
})

test('x-queue-type:stream: x-stream-offset says where to begin, x-stream-filter what to read', async () => {
  const stream = {
    destination: '/topic/stream.key',
    id: 's',
    durable: 'true',
    'auto-delete': 'false',
    exclusive: 'false',
    'x-queue-name': 'stream',
    'x-queue-type': 'stream',
    'x-max-age': '1D',
    ack: 'client',
    'prefetch-count': 10,
  }
  const client = await broker.client()
  await client.done('SUBSCRIBE', { ...stream, 'x-stream-offset': 'next' })
  const publisher = await broker.client()
  for (const [body, filter] of [
    ['zero', 'red'],
    ['one', 'blue'],
    ['two', undefined],
    ['three', 'green'],
  ] as const) {
    const headers = { destination: '/topic/stream.key', 'x-stream-filter-value': filter }
    await publisher.done('SEND', headers, body)
  }
  const first = await client.expect('MESSAGE')
  assert.deepEqual([first.body, first.headers['x-stream-offset']], ['zero', '0'])
  await messages(client, 3)
  const readFrom = async (headers: Record<string, string>, count: number): Promise<string[]> => {
    const reader = await broker.client()
    await reader.done('SUBSCRIBE', {
      destination: '/amq/queue/stream',
      id: 'r',
      ack: 'client-individual',
      'prefetch-count': 10,
      ...headers,
    })
    return messages(reader, count)
  }
  assert.deepEqual(await readFrom({ 'x-stream-offset': 'offset=2' }, 2), ['two', 'three'])
  assert.deepEqual(await readFrom({ 'x-stream-offset': 'offset:3' }, 1), ['three'])
  const filtered = { 'x-stream-offset': 'first', 'x-stream-filter': 'red, green' }
  assert.deepEqual(await readFrom(filtered, 2), ['zero', 'three'])
  const unfiltered = { ...filtered, 'x-stream-match-unfiltered': 'true' }
  assert.deepEqual(await readFrom(unfiltered, 3), ['zero', 'two', 'three'])
})

for (const [how, headers, detail] of [
  ['without prefetch-count', { ack: 'client' }, 'consumer prefetch count is not set for stream'],
  ['with ack:auto', { 'prefetch-count': 1 }, 'automatic acknowledgement not supported by stream'],
] as const) {
  test(`a stream ${how}: ERROR, and the connection ends`, async () => {
    await channel.assertQueue('strict', { durable: true, arguments: { 'x-queue-type': 'stream' } })
    const client = await broker.client()
    client.send('SUBSCRIBE', { destination: '/amq/queue/strict', id: '1', ...headers })
    assert.ok((await client.expect('ERROR')).body.includes(detail))
    await client.closed()
  })
}

test("queues of Spring's sessions go when nobody has used them for stomp-user-queue-expires-ms", async () => {
  await using own = await StompUnderTest.start({ stompUserQueueExpiresMs: 200 })
  const client = await own.client()
  const name = 'updates-user4ca1b2c3-d4e5-4f60-8a1b-0123456789ab'
  await client.done('SUBSCRIBE', { destination: `/queue/${name}`, id: '1' })
  await client.done('SUBSCRIBE', { destination: '/queue/updates-user4ca1b2c3', id: '2' })
  await client.done('SUBSCRIBE', { destination: '/queue/updates-userprofiles', id: '3' })
  const amqp = await own.session.channel()
  const { consumerCount } = await amqp.checkQueue(name)
  assert.equal(consumerCount, 1)
  await client.done('DISCONNECT')
  // Asking for the queue would be a use of it.
  let isGone = false
  amqp.on('return', () => (isGone = true))
  await waitFor('the queue has gone', () => {
    amqp.sendToQueue(name, Buffer.from('x'), { mandatory: true })
    return isGone
  })
  isGone = false
  await waitFor('that of SockJS has gone', () => {
    amqp.sendToQueue('updates-user4ca1b2c3', Buffer.from('x'), { mandatory: true })
    return isGone
  })
  await amqp.checkQueue('updates-userprofiles')
})
