// SEND: where messages go, what becomes of headers, and when its receipt comes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
import { RawClient } from '../../support/raw-client.ts'
import type { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompInProcess } from '../../support/stomp/stomp-in-process.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
let channel: Channel
before(async () => {
  broker = await StompUnderTest.start()
  channel = await broker.session.channel()
})
after(() => broker[Symbol.asyncDispose]())

async function take(queue: string): Promise<GetMessage> {
  const message = await channel.get(queue, { noAck: true })
  assert.ok(message !== false, `nothing in ${queue}`)
  return message
}

test('destination /queue/ declares a durable queue and publishes by the default exchange', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/first' }, 'hello')
  await channel.assertQueue('first', { durable: true })
  const { fields, content } = await take('first')
  assert.deepEqual([fields.exchange, fields.routingKey, content.toString()], ['', 'first', 'hello'])
})

/** What a socket gets, each byte a character. */
function heard(client: RawStomp): { bytes: string } {
  const all = { bytes: '' }
  client.socket.on('data', (chunk: Buffer) => (all.bytes += chunk.toString('latin1')))
  return all
}

for (const version of ['1.0', '1.1', '1.2'] as const) {
  test(`bytes of headers that are no UTF-8 come back as they are, as in RabbitMQ: ${version}`, async () => {
    const client = await broker.client({ version })
    const { socket } = client
    const all = heard(client)
    const write = (text: string): void => void socket.write(Buffer.from(text, 'latin1'))
    const queue = `bytes-${version}-\xe9`
    write(`SUBSCRIBE\ndestination:/queue/${queue}\nid:i\xe8\nreceipt:r\xe7\n\n\0`)
    await waitFor('the receipt', () => all.bytes.includes('RECEIPT\nreceipt-id:r\xe7\n'))
    const utf8 = Buffer.from('é').toString('latin1')
    const lines = [
      'x-value:caf\xe9',
      'x-name-\xff\xfe:v',
      `x-${utf8}:\xe9`,
      `x-utf8:${utf8}`,
      'content-type:t\xe9',
      'correlation-id:\xed\xa0\x80',
      'amqp-message-id:\xc3',
      `type:${utf8}`,
    ]
    write(`SEND\ndestination:/queue/${queue}\n${lines.join('\n')}\n\nend\0`)
    await waitFor('the message', () => all.bytes.includes('end\0'))
    const [, message = ''] = all.bytes.split('MESSAGE\n')
    const found = message.split('\n').filter((line) => lines.includes(line))
    assert.deepEqual(found.toSorted(), lines.toSorted())
    assert.match(message, /^subscription:i\xe8\ndestination:\/queue\/bytes-...-%E9\n/)
    write(`NONE\xe6\nreceipt:z\xe5\n\n\0`)
    await waitFor('the error', () => all.bytes.includes('interpret command "NONE\xe6"'))
    assert.match(all.bytes, /receipt-id:z\xe5\n/)
  })
}

test('AMQP gets the bytes of headers that are no UTF-8, and STOMP those of AMQP', async () => {
  const client = await broker.client()
  const all = heard(client)
  await channel.assertQueue('octets', { durable: true })
  const send = 'SEND\ndestination:/queue/octets\nx\xe9:\xe8\ntype:\xe7\n\nend\0'
  client.socket.write(Buffer.from(send, 'latin1'))
  await waitFor('a message', async () => (await channel.checkQueue('octets')).messageCount === 1)
  await using raw = await RawClient.openChannel(broker.portOf('amqp'))
  raw.send(1, 'basic.get', { queue: 'octets', noAck: true })
  const { properties } = await raw.expectMessage(1, 'basic.get-ok')
  // Headers with one name of two bytes and a longstr of one, and the type.
  const fields = Buffer.from('\x02x\xe9S\0\0\0\x01\xe8', 'latin1')
  const table = Buffer.concat([Buffer.of(0, 0, 0, fields.length), fields])
  const expected = Buffer.concat([Buffer.of(0x20, 0x20), table, Buffer.of(1, 0xe7)])
  assert.deepEqual(properties, expected)
  raw.publish(1, { routingKey: 'octets' }, 'end', expected)
  client.send('SUBSCRIBE', { destination: '/queue/octets', id: '1' })
  await waitFor('the message', () => all.bytes.includes('end\0'))
  assert.match(all.bytes, /\nx\xe9:\xe8\ntype:\xe7\n/)
})

test('destination without a slash is a queue', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: 'bare' }, 'x')
  await take('bare')
})

test('destination /queue/ that is there otherwise is used as it is', async () => {
  await channel.assertQueue('short', { durable: true, maxLength: 5 })
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/short' }, 'x')
  await take('short')
})

test('destination /queue/ with arguments declares them, once for each session', async () => {
  const client = await broker.client()
  const headers = { destination: '/queue/limited', 'x-max-length': 1, 'x-overflow': 'drop-head' }
  await client.done('SEND', headers, 'one')
  await client.done('SEND', headers, 'two')
  const options = { durable: true, arguments: { 'x-max-length': 1, 'x-overflow': 'drop-head' } }
  await channel.assertQueue('limited', options)
  assert.equal((await take('limited')).content.toString(), 'two')
  const other = await broker.client()
  other.send('SEND', { destination: '/queue/limited', 'x-max-length': 2 }, 'x')
  const { headers: error, body } = await other.expect('ERROR')
  assert.equal(error['message'], 'precondition_failed')
  assert.match(body, /inequivalent arg 'x-max-length' for queue 'limited' in vhost '\/'/)
  await other.closed()
})

test('destination /amq/queue/ declares nothing; what has no queue is dropped', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/amq/queue/not-there' }, 'x')
  const other = await broker.session.channel()
  await assert.rejects(other.checkQueue('not-there'))
})

for (const [destination, exchange, key] of [
  ['/topic/a.b', 'amq.topic', 'a.b'],
  ['/topic/with%2Fslash', 'amq.topic', 'with/slash'],
  ['/topic/%C3%BC%25', 'amq.topic', 'ü%'],
  ['/topic/100%', 'amq.topic', '100%'],
  ['/exchange/amq.direct/key', 'amq.direct', 'key'],
  ['/exchange/amq.fanout', 'amq.fanout', ''],
] as const) {
  test(`destination ${destination} is exchange ${exchange} and key '${key}'`, async () => {
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, exchange, key)
    const client = await broker.client()
    await client.done('SEND', { destination }, 'x')
    assert.deepEqual((await take(queue)).fields.routingKey, key)
  })
}

test('headers with a property of AMQP become it, and back', async () => {
  const client = await broker.client()
  const sent = {
    'content-type': 'text/plain',
    'content-encoding': 'identity',
    priority: '3',
    'correlation-id': 'c-1',
    'reply-to': '/queue/answers',
    expiration: '60000',
    'amqp-message-id': 'm-1',
    timestamp: '1700000000',
    type: 'greeting',
    'user-id': 'guest',
    'app-id': 'shop',
    persistent: 'true',
  }
  await client.done('SEND', { destination: '/queue/properties', ...sent }, 'x')
  await channel.assertQueue('properties-2', { durable: true })
  const { properties, content } = await take('properties')
  const { headers, clusterId: _, ...others } = properties
  assert.deepEqual(headers ?? {}, {})
  assert.deepEqual(others, {
    contentType: 'text/plain',
    contentEncoding: 'identity',
    deliveryMode: 2,
    priority: 3,
    correlationId: 'c-1',
    replyTo: '/queue/answers',
    expiration: '60000',
    messageId: 'm-1',
    timestamp: 1_700_000_000,
    type: 'greeting',
    userId: 'guest',
    appId: 'shop',
  })
  channel.sendToQueue('properties-2', content, properties)
  client.send('SUBSCRIBE', { destination: '/queue/properties-2', id: 'p' })
  const message = await client.expect('MESSAGE')
  for (const [name, value] of Object.entries(sent)) assert.equal(message.headers[name], value, name)
})

test('headers of their own become headers of the message, and those for the broker do not', async () => {
  const client = await broker.client()
  await client.done('BEGIN', { transaction: 't' })
  client.send(
    'SEND',
    {
      destination: '/queue/own-headers',
      transaction: 't',
      receipt: 'r',
      'content-length': 5,
      ack: 'auto',
      name: 'first',
      'with\\ccolon': 'line\\nfeed \\\\ and:colon',
      empty: '',
    },
    'a\0b\0c',
  )
  await client.done('COMMIT', { transaction: 't' })
  const { properties, content } = await take('own-headers')
  assert.equal(content.toString(), 'a\0b\0c')
  assert.deepEqual(properties.headers, {
    name: 'first',
    'with:colon': 'line\nfeed \\ and:colon',
    empty: '',
  })
  assert.equal(properties.deliveryMode, undefined)
})

test('receipt of a message that is not persistent waits for the disk as well', async () => {
  const client = await broker.client()
  client.send('SEND', { destination: '/queue/receipts', receipt: 'one' }, 'x')
  client.send('SEND', { destination: '/queue/receipts', receipt: 'a\\cb', persistent: true }, 'y')
  assert.deepEqual((await client.expect('RECEIPT')).headers, { 'receipt-id': 'one' })
  assert.deepEqual((await client.expect('RECEIPT')).headers, { 'receipt-id': 'a\\cb' })
  assert.equal((await channel.checkQueue('receipts')).messageCount, 2)
})

test('receipt of a message that a full queue refuses: ERROR with its receipt-id instead', async () => {
  const client = await broker.client()
  const headers = {
    destination: '/queue/full',
    'x-max-length': 1,
    'x-overflow': 'reject-publish',
  }
  await client.done('SEND', headers, 'one')
  client.send('SEND', { ...headers, receipt: 'two' }, 'two')
  const { headers: error } = await client.expect('ERROR')
  assert.deepEqual([error['message'], error['receipt-id']], ['Message refused', 'two'])
  client.send('SEND', headers, 'three')
  await client.done('SEND', { destination: '/queue/goes-on' }, 'x')
})

test('a body of more than a megabyte, in pieces, and what comes after it', async () => {
  const client = await broker.client()
  const body = Buffer.alloc(3_000_000, 'abcdefgh')
  client.send(
    'SEND',
    { destination: '/queue/large', 'content-length': body.length, receipt: 'l' },
    body,
  )
  client.send('SEND', { destination: '/queue/large', receipt: 's' }, 'small')
  assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 'l')
  assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 's')
  client.send('SUBSCRIBE', { destination: '/queue/large', id: 'l' })
  assert.equal((await client.expect('MESSAGE')).body, body.toString())
  assert.equal((await client.expect('MESSAGE')).body, 'small')
})

test('reply-to /temp-queue/: a queue of the connection, and answers without a SUBSCRIBE', async () => {
  const asking = await broker.client()
  const answering = await broker.client()
  await answering.done('SUBSCRIBE', { destination: '/queue/questions', id: 'q' })
  for (const question of ['one', 'two']) {
    asking.send(
      'SEND',
      { destination: '/queue/questions', 'reply-to': '/temp-queue/mine' },
      question,
    )
    const { headers, body } = await answering.expect('MESSAGE')
    assert.match(headers['reply-to'] ?? '', /^\/reply-queue\/amq\.gen-/)
    answering.send('SEND', { destination: headers['reply-to'] ?? '' }, `answer to ${body}`)
    const answer = await asking.expect('MESSAGE')
    assert.equal(answer.headers['subscription'], '/temp-queue/mine')
    assert.equal(answer.body, `answer to ${question}`)
  }
  const { queue } = await channel.assertQueue('questions', { durable: true })
  await asking[Symbol.asyncDispose]()
  await waitFor('the reply queue is gone', async () => {
    const { consumerCount } = await channel.checkQueue(queue)
    return consumerCount === 1
  })
})

test('a requester of AMQP (direct reply-to) is answered at /reply-queue/', async () => {
  const answering = await broker.client()
  await answering.done('SUBSCRIBE', { destination: '/queue/rpc', id: 'q' })
  const answers: string[] = []
  const consume = await broker.session.channel()
  await consume.consume('amq.rabbitmq.reply-to', (m) => answers.push(m?.content.toString() ?? ''), {
    noAck: true,
  })
  consume.sendToQueue('rpc', Buffer.from('ping'), { replyTo: 'amq.rabbitmq.reply-to' })
  const { headers } = await answering.expect('MESSAGE')
  answering.send('SEND', { destination: headers['reply-to'] ?? '' }, 'pong')
  await waitFor('the answer', () => answers.length === 1)
  assert.deepEqual(answers, ['pong'])
})

test('messages wait in their order while the disk is short, and all else goes on', async () => {
  await using own = await StompInProcess.start()
  const client = await own.client()
  await client.done('SUBSCRIBE', { destination: '/queue/short', id: 's', ack: 'client' })
  await client.done('SEND', { destination: '/queue/short' }, 'before')
  const before = await client.expect('MESSAGE')
  own.amqp.broker.shortage.set('disk', true)
  client.send('SEND', { destination: '/queue/short', receipt: 'one' }, 'one')
  client.send('SEND', { destination: '/queue/short', receipt: 'two' }, 'two')
  await client.done('ACK', { id: before.headers['ack'] })
  assert.deepEqual(client.pending, [])
  const [listed] = [...own.amqp.clients].filter(({ protocol }) => protocol === 'STOMP')
  assert.deepEqual([listed?.state, listed?.protocolVersion], ['blocked', '1.2'])
  client.send('DISCONNECT', { receipt: 'end' })
  own.amqp.broker.shortage.set('disk', false)
  await client.closed()
  const receipts = client.pending.flatMap(({ headers }) => headers['receipt-id'] ?? [])
  assert.deepEqual(receipts, ['one', 'two', 'end'])
  assert.deepEqual(own.amqp.bugs, [])
})
