// ERROR frames: what RabbitMQ says, and whether the connection goes on. The texts are those that Debian's 3.10 answered.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { errorCases } from '../../support/stomp/error-cases.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'

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
