// CONNECT and what follows from it (STOMP 1.2 "Connecting"), as RabbitMQ's plugin answers it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: StompUnderTest
before(async () => {
  broker = await StompUnderTest.start({ vhosts: ['shop'] })
})
after(() => broker[Symbol.asyncDispose]())

async function connectWith(
  headers: Record<string, string>,
  command = 'CONNECT',
): Promise<RawStomp> {
  const client = await broker.stranger()
  client.send(command, headers)
  return client
}

const guest = { login: 'guest', passcode: 'guest' }

for (const [accepted, version] of [
  [undefined, '1.0'],
  ['1.0', '1.0'],
  ['1.0,1.1', '1.1'],
  ['1.2,1.1,1.0', '1.2'],
  ['1.1,9.9', '1.1'],
] as const) {
  test(`accept-version ${accepted ?? 'left out'}: CONNECTED has version ${version}`, async () => {
    const client = await connectWith({ ...guest, ...(accepted && { 'accept-version': accepted }) })
    const { headers, body } = await client.expect('CONNECTED')
    assert.deepEqual(
      [headers['version'], headers['heart-beat'], headers['server'], body],
      [version, '0,0', 'RabbitMQ/4.2.0', ''],
    )
    assert.match(headers['session'] ?? '', /^session-[\w-]{22}$/)
  })
}

test('accept-version without one in common: ERROR, and the connection ends', async () => {
  const client = await connectWith({ ...guest, 'accept-version': '2.0' })
  const { headers, body } = await client.expect('ERROR')
  assert.deepEqual(headers, {
    message: 'Version mismatch',
    'content-type': 'text/plain',
    version: '1.0,1.1,1.2',
    'content-length': '35',
  })
  assert.equal(body, 'Supported versions are 1.0,1.1,1.2\n')
  await client.closed()
})

test('STOMP is another word for CONNECT', async () => {
  const client = await connectWith({ ...guest, 'accept-version': '1.2', host: '/' }, 'STOMP')
  await client.expect('CONNECTED')
})

test('login: in 1.0 blanks before values are not part of them', async () => {
  const client = await connectWith({ login: ' guest', passcode: ' guest' })
  await client.expect('CONNECTED')
})

test('login and passcode left out: guest, from this machine and while there is no user', async () => {
  const client = await connectWith({ 'accept-version': '1.2' })
  await client.expect('CONNECTED')
})

test('passcode that is wrong: ERROR Bad CONNECT, and the connection ends', async () => {
  const client = await connectWith({ login: 'guest', passcode: 'wrong', 'accept-version': '1.2' })
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Bad CONNECT')
  assert.equal(body, "Access refused for user 'guest'\n")
  await client.closed()
})

test('host is the virtual host', async () => {
  const client = await connectWith({ ...guest, host: 'shop', 'accept-version': '1.1' })
  await client.expect('CONNECTED')
})

test('host that is not there: ERROR Bad CONNECT', async () => {
  const client = await connectWith({ ...guest, host: 'nowhere', 'accept-version': '1.1' })
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Bad CONNECT')
  assert.equal(body, "Virtual host 'nowhere' access denied")
  await client.closed()
})

for (const [asked, answered] of [
  ['0,0', '0,0'],
  ['10000,5000', '5000,10000'],
  ['1,0', '0,1000'],
  ['2999,999', '1000,2000'],
  ['10000,0', '0,10000'],
] as const) {
  test(`heart-beat ${asked} is answered with ${answered}`, async () => {
    const client = await connectWith({ ...guest, 'heart-beat': asked, 'accept-version': '1.2' })
    assert.equal((await client.expect('CONNECTED')).headers['heart-beat'], answered)
  })
}

test('heart-beat that is none: ERROR Bad CONNECT', async () => {
  const client = await connectWith({ ...guest, 'heart-beat': 'often', 'accept-version': '1.2' })
  assert.equal((await client.expect('ERROR')).headers['message'], 'Bad CONNECT')
})

test('heart-beat: line feeds come as often as was asked', async () => {
  const client = await connectWith({ ...guest, 'heart-beat': '0,1000', 'accept-version': '1.2' })
  await client.expect('CONNECTED')
  const { beats } = client
  await waitFor('a heart-beat', () => client.beats > beats)
})

test('SEND before CONNECT: ERROR Illegal command, and the connection stays', async () => {
  const client = await broker.stranger()
  client.send('SEND', { destination: '/queue/a' }, 'x')
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Illegal command')
  assert.equal(body, 'You must log in using CONNECT first')
  client.login({})
  await client.expect('CONNECTED')
})

test('CONNECT again: ERROR Illegal command, and the connection ends', async () => {
  const client = await broker.client()
  client.login({})
  assert.equal((await client.expect('ERROR')).headers['message'], 'Illegal command')
  await client.closed()
})

test('CONNECT and what follows it in one write', async () => {
  const client = await broker.stranger()
  client.write(
    'CONNECT\naccept-version:1.2\nlogin:guest\npasscode:guest\n\n\0\n' +
      'SEND\ndestination:/queue/at-once\nreceipt:one\nname:a\\cb\n\n1\0' +
      'DISCONNECT\nreceipt:two\n\n\0',
  )
  await client.expect('CONNECTED')
  assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 'one')
  assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 'two')
  await client.closed()
})

test('a frame before the login that is too large: ERROR, and the connection ends', async () => {
  const client = await broker.stranger()
  client.write(`CONNECT\nlogin:${'a'.repeat(70_000)}`)
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Invalid frame')
  assert.equal(body, 'a frame of more than 65536 bytes\n')
  await client.closed()
})

describe('a broker with users and settings of its own', () => {
  let own: StompUnderTest
  before(async () => {
    own = await StompUnderTest.start({
      user: 'ops',
      password: 'se\\cret',
      vhosts: ['shop'],
      stompDefaultUser: 'ops',
      stompDefaultVhost: 'shop',
      stompImplicitConnect: true,
      stompMaxFrameSize: 10_000,
    })
  })
  after(() => own[Symbol.asyncDispose]())

  test('stomp-default-user and stomp-default-vhost are for those who name none', async () => {
    const client = await own.stranger()
    client.send('CONNECT', { 'accept-version': '1.2' })
    await client.expect('CONNECTED')
    await client.done('SEND', { destination: '/queue/of-the-shop' }, 'x')
    const channel = await own.session.channel()
    // It is in the other virtual host.
    await assert.rejects(channel.checkQueue('of-the-shop'))
  })

  test('stomp-implicit-connect: the first frame may be any, and CONNECTED is not sent', async () => {
    const client = await own.stranger()
    client.send('SEND', { destination: '/queue/implicit', receipt: 'r' }, 'x')
    assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 'r')
  })

  test('passcode: escapes in CONNECT are none', async () => {
    await own.client({ login: 'ops', passcode: 'se\\cret' })
  })

  test('stomp-max-frame-size: a larger frame is refused, and the connection ends', async () => {
    const client = await own.client({ login: 'ops', passcode: 'se\\cret' })
    await client.done('SEND', { destination: '/queue/a' }, Buffer.alloc(9000, 'a'))
    client.send('SEND', { destination: '/queue/a' }, Buffer.alloc(11_000, 'a'))
    assert.equal((await client.expect('ERROR')).body, 'a frame of more than 10000 bytes\n')
    await client.closed()
  })

  test('guest is not there', async () => {
    const client = await own.stranger()
    client.login({})
    assert.equal((await client.expect('ERROR')).body, "Access refused for user 'guest'\n")
  })
})
