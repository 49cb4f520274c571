// Logins with tokens (OAuth 2), and limits of time and rate that a connection has.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StompInProcess } from '../../support/stomp/stomp-in-process.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { allScopes, TokenIssuer } from '../../support/token-issuer.ts'
import { waitFor } from '../../support/wait-for.ts'

let issuer: TokenIssuer
let broker: StompUnderTest
before(async () => {
  issuer = await TokenIssuer.start()
  broker = await StompUnderTest.start({ oauthIssuer: issuer.url })
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

test('passcode may be a token; frames that come with CONNECT wait until it is checked', async () => {
  const passcode = await issuer.sign({ scope: allScopes })
  const client = await broker.stranger()
  client.login({ login: '', passcode })
  client.send('SEND', { destination: '/queue/by-token', receipt: 'r' }, 'x')
  await client.expect('CONNECTED')
  assert.equal((await client.expect('RECEIPT')).headers['receipt-id'], 'r')
})

test('a token that is wrong: ERROR Bad CONNECT', async () => {
  const passcode = await issuer.sign({ scope: allScopes, exp: Math.floor(Date.now() / 1000) - 5 })
  const client = await broker.stranger()
  client.login({ login: 'app', passcode })
  assert.equal((await client.expect('ERROR')).body, "Access refused for user 'app'\n")
  await client.closed()
})

test('a token that expires: ERROR Credential expired, and the connection ends', async () => {
  const passcode = await issuer.sign({ scope: allScopes, exp: Math.floor(Date.now() / 1000) + 2 })
  const client = await broker.client({ login: '', passcode })
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'Credential expired')
  assert.equal(body, 'The credential used to authenticate this connection has expired')
  await client.closed()
})

test('x-consumer-timeout of a queue: a delivery that is unacked for too long ends the connection', async () => {
  const channel = await broker.session.channel()
  await channel.assertQueue('impatient', {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-consumer-timeout': 100 },
  })
  const client = await broker.client()
  await client.done('SUBSCRIBE', { destination: '/queue/impatient', id: '1', ack: 'client' })
  await client.done('SEND', { destination: '/queue/impatient' }, 'x')
  await client.expect('MESSAGE')
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'precondition_failed')
  assert.match(body, /delivery acknowledgement on channel 1 timed out/)
  await client.closed()
  await waitFor('the message is back', async () => {
    const { messageCount } = await channel.checkQueue('impatient')
    return messageCount === 1
  })
})

test('a connection that publishes faster than it may is not read for a while', async () => {
  await using own = await StompInProcess.start({
    connectionRate: { messages: 10, bytes: undefined },
  })
  const client = await own.client()
  for (let count = 0; count < 5000; count++)
    client.send('SEND', { destination: '/queue/fast' }, 'x')
  const queue = await waitFor('the queue', () => own.amqp.broker.getVHost('/').findQueue('fast'))
  await waitFor('some messages', () => queue.readyCount >= 10)
  assert.ok(queue.readyCount < 1000, `${queue.readyCount} messages`)
})
