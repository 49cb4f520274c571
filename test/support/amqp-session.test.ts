// Sessions end with the broker, whatever they were doing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpSession } from './amqp-session.ts'
import { TestBroker } from './start-test-broker.ts'
import { within } from './wait-for.ts'

test('a session that closes while its broker dies has ended', async () => {
  await using broker = await TestBroker.start()
  const session = await AmqpSession.open(broker.url)
  assert.ok(broker.pid)
  process.kill(broker.pid, 'SIGSTOP')
  const closing = session[Symbol.asyncDispose]()
  await broker.kill()
  await within('the session ends', closing)
})
