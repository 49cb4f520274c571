import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { test } from 'node:test'
import { exitCodes } from './exit-codes.ts'
import { ExitError } from './exit-error.ts'
import { formatAddress, listen } from './listen.ts'
import type { Address } from './listen.ts'

const backlog = 16

async function listenOn(server: Server, host: string, port: number): Promise<Address> {
  return listen(server, { service: 'amqp', host, port, backlog })
}

test('listen() reports the port that was picked for 0', async (t) => {
  const server = createServer()
  t.after(() => server.close())
  const address = await listenOn(server, '127.0.0.1', 0)
  assert.equal(address.host, '127.0.0.1')
  assert.ok(address.port > 0)
})

test('listen() on a busy port says which setting picks another', async (t) => {
  const first = createServer()
  t.after(() => first.close())
  const { port } = await listenOn(first, '127.0.0.1', 0)
  await assert.rejects(listenOn(createServer(), '127.0.0.1', port), (error) => {
    assert.ok(error instanceof ExitError)
    assert.equal(error.exitCode, exitCodes.unavailable)
    assert.match(error.message, /^127\.0\.0\.1:\d+ is in use: .*--amqp-port/)
    return true
  })
})

test('listen() on an address of another machine names --host', async () => {
  await assert.rejects(listenOn(createServer(), '192.0.2.1', 0), (error) => {
    assert.ok(error instanceof ExitError)
    assert.equal(error.exitCode, exitCodes.unavailable)
    assert.match(error.message, /192\.0\.2\.1 is not an address of this machine.*--host/)
    return true
  })
})

test('formatAddress() puts brackets around IPv6', () => {
  assert.equal(formatAddress({ host: '::1', port: 1 }), '[::1]:1')
  assert.equal(formatAddress({ host: '10.0.0.1', port: 1 }), '10.0.0.1:1')
})

test('formatAddress() calls both loopbacks localhost', () => {
  assert.equal(formatAddress({ host: '127.0.0.1', port: 1, alsoHosts: ['::1'] }), 'localhost:1')
})
