// Clients that send anything, or read nothing: the broker goes on, and what they make it hold is bounded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { clientLimits } from '../../../src/limits/clients.ts'
import { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompInProcess } from '../../support/stomp/stomp-in-process.ts'
import { waitFor } from '../../support/wait-for.ts'

const session =
  'CONNECT\naccept-version:1.2\nlogin:guest\npasscode:guest\n\n\0' +
  'SUBSCRIBE\nid:1\ndestination:/queue/f\nack:client\n\n\0' +
  'SEND\ndestination:/queue/f\ncontent-length:3\npriority:1\n\na\0b\0' +
  'BEGIN\ntransaction:t\n\n\0SEND\ndestination:/topic/x\ntransaction:t\n\nx\0' +
  'NACK\nid:T_1@@session@@1\ntransaction:t\n\n\0COMMIT\ntransaction:t\nreceipt:c\n\n\0' +
  'SEND\ndestination:/exchange/amq.direct/k\nreply-to:/temp-queue/r\n\nx\0' +
  'UNSUBSCRIBE\nid:1\nreceipt:u\n\n\0DISCONNECT\nreceipt:d\n\n\0'

test('sessions with bytes that were changed: nothing but answers and ends of connections', async () => {
  await using own = await StompInProcess.start()
  const bytes = Buffer.from(session)
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 13, 47, 58, 92)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.nat(30), async (changes, cut) => {
      const changed = Buffer.from(bytes)
      for (const { at, byte } of changes) changed[at] = byte
      await using client = await RawStomp.open(own.port)
      client.write(changed.subarray(0, cut))
      client.write(changed.subarray(cut))
      client.socket.end()
      await client.closed()
      assert.deepEqual(own.amqp.bugs, [])
    }),
    { numRuns: 150 },
  )
  const client = await own.client()
  await client.done('SEND', { destination: '/queue/after' }, 'x')
})

test('a client that does not read gets no more than a little, and the rest stays in the queue', async () => {
  await using own = await StompInProcess.start()
  const deaf = await own.client()
  await deaf.done('SUBSCRIBE', { destination: '/queue/flood', id: '1' })
  deaf.socket.pause()
  const client = await own.client()
  const body = Buffer.alloc(100_000, 'x')
  for (let count = 0; count < 300; count++)
    client.send('SEND', { destination: '/queue/flood' }, body)
  await client.done('SEND', { destination: '/queue/other' }, 'x')
  const [, listed] = [...own.amqp.clients].filter(({ protocol }) => protocol === 'STOMP')
  const deafOne = [...own.amqp.clients].find((each) => (each.consumerCount ?? 0) > 0)
  assert.ok(listed !== undefined && deafOne !== undefined)
  const most = clientLimits.outputSizeMax + 2 * body.length
  assert.ok(deafOne.unsentSize <= most, `${deafOne.unsentSize} bytes wait for it`)
  const queue = own.amqp.broker.getVHost('/').getQueue('flood')
  assert.ok(queue.readyCount > 100, `${queue.readyCount} are ready`)
  deaf.socket.resume()
  await waitFor('it gets them', () => deaf.pending.length === 300)
  assert.deepEqual(own.amqp.bugs, [])
})

test('receipts that nobody reads: the client is not read any more', async () => {
  await using own = await StompInProcess.start()
  const deaf = await own.client()
  deaf.socket.pause()
  const begin = 'ABORT\ntransaction:none\n\n\0'.repeat(1000)
  for (let count = 0; count < 200; count++) deaf.write(begin)
  const [client] = [...own.amqp.clients].filter(({ protocol }) => protocol === 'STOMP')
  let [before, samePolls] = [0, 0]
  await waitFor('it is not read', () => {
    const now = client?.receivedSize ?? 0
    samePolls = now === before ? samePolls + 1 : 0
    before = now
    return samePolls >= 10
  })
  const { receivedSize = 0, unsentSize = 0 } = client ?? {}
  assert.ok(receivedSize < begin.length * 200, 'all of it was read')
  assert.ok(unsentSize < 3 * clientLimits.unreadSizeMax, `${unsentSize} bytes wait for it`)
})

for (const [name, frame] of [
  ['SEND to /queue/', { command: 'SEND', headers: { destination: `/queue/${'a'.repeat(256)}` } }],
  ['SEND to /topic/', { command: 'SEND', headers: { destination: `/topic/${'ü'.repeat(128)}` } }],
  [
    'SUBSCRIBE to /queue/',
    { command: 'SUBSCRIBE', headers: { destination: `/queue/${'a'.repeat(256)}`, id: '1' } },
  ],
  [
    'SUBSCRIBE to /topic/',
    { command: 'SUBSCRIBE', headers: { destination: `/topic/${'a'.repeat(256)}`, id: '1' } },
  ],
  [
    'SUBSCRIBE with x-queue-name',
    {
      command: 'SUBSCRIBE',
      headers: { destination: '/topic/a', id: '1', 'x-queue-name': 'a'.repeat(256) },
    },
  ],
  [
    'SEND with reply-to',
    {
      command: 'SEND',
      headers: { destination: '/queue/a', 'reply-to': `/temp-queue/${'a'.repeat(256)}` },
    },
  ],
  [
    'SEND with headers that no client of AMQP could be sent',
    {
      command: 'SEND',
      headers: { destination: '/queue/a', a: 'a'.repeat(70_000), b: 'b'.repeat(70_000) },
    },
  ],
] as const) {
  test(`${name}, too long: ERROR, and the connection goes on`, async () => {
    await using own = await StompInProcess.start()
    const client = await own.client()
    client.send(frame.command, frame.headers, 'x')
    assert.match(
      (await client.expect('ERROR')).headers['message'] ?? '',
      /^Invalid (destination|header)$/,
    )
    await client.done('SEND', { destination: '/queue/goes-on' }, 'x')
    assert.deepEqual(own.amqp.bugs, [])
  })
}

test('receipts that wait are counted, and hold up their client when they are many', async () => {
  await using own = await StompInProcess.start()
  const client = await own.client()
  await client.done('SEND', { destination: '/queue/receipts' }, 'x')
  own.amqp.broker.shortage.set('disk', true)
  const receipt = 'r'.repeat(50_000)
  for (let count = 0; count < 200; count++) {
    client.send('SEND', { destination: '/queue/receipts', receipt }, 'x')
  }
  const parkedMax = clientLimits.parkedSizeMax
  await waitFor('some are parked', () => own.amqp.memory.sizes.parked > parkedMax)
  assert.ok(own.amqp.memory.sizes.parked < parkedMax * 1.2, `${own.amqp.memory.sizes.parked}`)
  own.amqp.broker.shortage.set('disk', false)
  await waitFor('all receipts', () => client.pending.length === 200)
  assert.equal(own.amqp.memory.sizes.parked, 0)
})
