// ERROR frames: what RabbitMQ says, and whether the connection goes on. The texts are those that Debian's 3.10 answered.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { errorCases } from '../../support/stomp/error-cases.ts'
import { StompInProcess } from '../../support/stomp/stomp-in-process.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
before(async () => {
  broker = await StompUnderTest.start()
})
after(() => broker[Symbol.asyncDispose]())

for (const { name, frames, title, detail, isFatal = false } of errorCases) {
  test(`${name}: ERROR ${title}`, async () => {
    const client = await broker.client()
    for (const { command, headers, body } of frames) client.send(command, headers, body)
    const answer = await client.expect('ERROR')
    assert.deepEqual(
      { ...answer.headers, 'content-length': 0 },
      { message: title, 'content-type': 'text/plain', version: '1.0,1.1,1.2', 'content-length': 0 },
    )
    assert.equal(answer.body, detail)
    if (isFatal) await client.closed()
    else await client.done('SEND', { destination: '/queue/goes-on' }, 'x')
  })
}

for (const { name, frames, title, detail } of errorCases) {
  test(`${name}, with a receipt: the ERROR names it (STOMP 1.2 "ERROR")`, async () => {
    const client = await broker.client()
    for (const [index, { command, headers, body }] of frames.entries()) {
      const receipt = index === frames.length - 1 ? { receipt: 'wanted\\c1' } : {}
      client.send(command, { ...headers, ...receipt }, body)
    }
    const answer = await client.expect('ERROR')
    assert.deepEqual([answer.headers['message'], answer.body], [title, detail])
    assert.equal(answer.headers['receipt-id'], 'wanted\\c1')
  })
}

test('a frame that waited and is refused then: the ERROR names its receipt', async () => {
  for (const transaction of [undefined, 't']) {
    await using own = await StompInProcess.start()
    await using session = await AmqpSession.open(own.amqp.url)
    const channel = await session.channel()
    await channel.assertExchange('goes', 'direct', { durable: false })
    const client = await own.client()
    if (transaction !== undefined) await client.done('BEGIN', { transaction })
    const destination = '/exchange/goes/k'
    const of = transaction === undefined ? {} : { transaction }
    if (transaction !== undefined) client.send('SEND', { destination, ...of }, 'x')
    own.amqp.broker.shortage.set('disk', true)
    const [listed] = [...own.amqp.clients].filter(({ protocol }) => protocol === 'STOMP')
    const before = listed?.receivedSize ?? 0
    const receipt = 'late'
    if (transaction === undefined) client.send('SEND', { destination, receipt }, 'x')
    else client.send('COMMIT', { ...of, receipt })
    await waitFor('it has come', () => (listed?.receivedSize ?? 0) >= before + 30)
    await channel.deleteExchange('goes')
    own.amqp.broker.shortage.set('disk', false)
    const { headers } = await client.expect('ERROR')
    assert.deepEqual([headers['message'], headers['receipt-id']], ['not_found', 'late'])
    await client.closed()
    await waitFor('nothing is held', () => own.amqp.memory.sizes.parked === 0)
    assert.deepEqual(own.amqp.bugs, [])
  }
})

test('a frame over the limit: the ERROR names its receipt', async () => {
  const client = await broker.client()
  const size = 5_000_000
  client.send('SEND', { destination: '/queue/q', receipt: 'large', 'content-length': size }, 'x')
  const { headers } = await client.expect('ERROR')
  assert.deepEqual([headers['message'], headers['receipt-id']], ['Invalid frame', 'large'])
  await client.closed()
})

test('ACK of a message that is not there, or of another session: ERROR', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/acks', id: 'one', ack: 'client' })
  client.send('SEND', { destination: '/queue/acks' }, 'x')
  const { headers } = await client.expect('MESSAGE')
  const id = headers['ack'] ?? ''
  client.send('ACK', { id: id.replace(/@@1$/, '@@7') })
  const unknown = await client.expect('ERROR')
  assert.deepEqual(
    [unknown.headers['message'], unknown.body],
    ['Message not found', 'unknown delivery tag 7\n'],
  )
  client.send('NACK', { id: id.replace(/session-.../, 'session-abc') })
  const foreign = await client.expect('ERROR')
  assert.equal(foreign.headers['message'], 'Invalid header')
  await client.done('ACK', { id })
  client.send('ACK', { id })
  assert.equal((await client.expect('ERROR')).headers['message'], 'Message not found')
})

test('a queue that is deleted: ERROR Server cancelled subscription, and the connection goes on', async () => {
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/goes', id: 'mine' })
  const channel = await broker.session.channel()
  await channel.deleteQueue('goes')
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Server cancelled subscription')
  assert.equal(headers['subscription'], 'mine')
  assert.equal(
    body,
    'The server has canceled a subscription.\n' +
      'No more messages will be delivered for "id=\'mine\'".\n',
  )
  await client.done('SUBSCRIBE', { destination: '/queue/goes', id: 'mine' })
})

test('a transaction too many, and a frame too many in one: ERROR', async () => {
  const client = await broker.client()
  for (let index = 0; index < 16; index++) client.send('BEGIN', { transaction: index })
  client.send('BEGIN', { transaction: 'more' })
  const many = await client.expect('ERROR')
  assert.deepEqual(
    [many.headers['message'], many.body],
    ['Transaction limit exceeded', 'Too many concurrent transactions (limit 16)'],
  )
  for (let count = 0; count < 1024; count++) {
    client.send('SEND', { destination: '/queue/large', transaction: 0 })
  }
  client.send('SEND', { destination: '/queue/large', transaction: 0 })
  const large = await client.expect('ERROR')
  assert.deepEqual(
    [large.headers['message'], large.body],
    ['Transaction too large', 'Too many actions in transaction (limit 1024)'],
  )
  await client.done('COMMIT', { transaction: 0 })
  const channel = await broker.session.channel()
  assert.equal((await channel.checkQueue('large')).messageCount, 1024)
})

test('the broker stops: ERROR connection_forced', async () => {
  await using other = await StompUnderTest.start()
  const client = await other.client()
  const closing = other.broker.close()
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'connection_forced')
  assert.match(body, /^CONNECTION_FORCED - .*shutdown/)
  await client.closed()
  await closing
})
