// BEGIN, COMMIT and ABORT.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Channel } from 'amqplib'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
let channel: Channel
before(async () => {
  broker = await StompUnderTest.start()
  channel = await broker.session.channel()
})
after(() => broker[Symbol.asyncDispose]())

async function countIn(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

test('COMMIT does what was sent and acked, in order; receipts of messages come with it', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/in' }, 'in')
  await client.done('SUBSCRIBE', { destination: '/queue/in', id: '1', ack: 'client' })
  const { headers } = await client.expect('MESSAGE')
  await client.done('BEGIN', { transaction: 't' })
  for (const body of ['one', 'two']) {
    client.send('SEND', { destination: '/queue/out', transaction: 't', receipt: body }, body)
  }
  await client.done('ACK', { id: headers['ack'], transaction: 't' })
  assert.equal(await countIn('out'), 0)
  assert.deepEqual(client.pending, [])
  client.send('COMMIT', { transaction: 't', receipt: 'commit' })
  const receipts: (string | undefined)[] = []
  for (let count = 0; count < 3; count++) {
    receipts.push((await client.expect('RECEIPT')).headers['receipt-id'])
  }
  assert.deepEqual(receipts, ['one', 'two', 'commit'])
  const out = await channel.get('out', { noAck: true })
  assert.equal(out !== false && out.content.toString(), 'one')
  await client[Symbol.asyncDispose]()
  await waitFor('it has gone', async () => (await channel.checkQueue('in')).consumerCount === 0)
  assert.equal(await countIn('in'), 0)
})

test('ABORT: nothing was sent, and what was acked is unacked again', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/kept' }, 'x')
  await client.done('SUBSCRIBE', { destination: '/queue/kept', id: '1', ack: 'client-individual' })
  const { headers } = await client.expect('MESSAGE')
  await client.done('BEGIN', { transaction: 't' })
  client.send('SEND', { destination: '/queue/never', transaction: 't' }, 'x')
  client.send('NACK', { id: headers['ack'], transaction: 't', requeue: 'false' })
  await client.done('ABORT', { transaction: 't' })
  assert.equal(await countIn('never'), 0)
  await client.done('ACK', { id: headers['ack'] })
  client.send('COMMIT', { transaction: 't' })
  assert.equal((await client.expect('ERROR')).headers['message'], 'Bad transaction')
})

test('the end of the connection is an ABORT', async () => {
  const client = await broker.client()
  await client.done('SEND', { destination: '/queue/back' }, 'x')
  await client.done('SUBSCRIBE', { destination: '/queue/back', id: '1', ack: 'client' })
  const { headers } = await client.expect('MESSAGE')
  await client.done('BEGIN', { transaction: 't' })
  await client.done('ACK', { id: headers['ack'], transaction: 't' })
  client.send('SEND', { destination: '/queue/never-2', transaction: 't' }, 'x')
  await client.done('DISCONNECT')
  await client.closed()
  await waitFor('it is back', async () => (await countIn('back')) === 1)
  assert.equal(await countIn('never-2'), 0)
})

test('several transactions at a time, under ids of the client', async () => {
  const client = await broker.client()
  for (const transaction of ['a', 'b']) {
    await client.done('BEGIN', { transaction })
    client.send('SEND', { destination: `/queue/of-${transaction}`, transaction }, transaction)
  }
  await client.done('COMMIT', { transaction: 'b' })
  assert.deepEqual([await countIn('of-a'), await countIn('of-b')], [0, 1])
  await client.done('COMMIT', { transaction: 'a' })
  assert.equal(await countIn('of-a'), 1)
})

test('a large body in a transaction', async () => {
  const client = await broker.client()
  await client.done('BEGIN', { transaction: 't' })
  const body = Buffer.alloc(2_000_000, 'x')
  client.send('SEND', { destination: '/queue/large', transaction: 't' }, body)
  client.send('SEND', { destination: '/queue/large', transaction: 't' }, 'small')
  await client.done('COMMIT', { transaction: 't' })
  await client.done('SEND', { destination: '/queue/large' }, 'after')
  assert.equal(await countIn('large'), 3)
})

test('a queue that refuses a message of it: ERROR as in AMQP, and the rest is done', async () => {
  const client = await broker.client()
  const full = {
    destination: '/queue/full',
    'x-max-length': 1,
    'x-overflow': 'reject-publish',
  }
  await client.done('SEND', full, 'x')
  await client.done('BEGIN', { transaction: 't' })
  client.send('SEND', { ...full, transaction: 't' }, 'refused')
  client.send('SEND', { destination: '/queue/rest', transaction: 't' }, 'x')
  client.send('COMMIT', { transaction: 't' })
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'precondition_failed')
  assert.match(body, /partial tx completion/)
  await client.closed()
  assert.deepEqual([await countIn('full'), await countIn('rest')], [1, 1])
})
