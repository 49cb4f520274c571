// Requests to the HTTP port that want something else than HTTP.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { statusOf } from '../../test/support/broker-status.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import { systemClock } from '../lib/clock.ts'
import { openListener } from '../server/listener.ts'
import { openHttpServer } from './http-server.ts'

/** What a server that hands WebSocket on answers to a request, and how many clients of HTTP it has then. */
async function answerTo(upgrade: string): Promise<readonly [answer: string, clientCount: number]> {
  const clients = new ClientRegistry(systemClock)
  const server = openHttpServer({
    source: { status: () => statusOf('ready') },
    clients,
    onUpgrade: (_request, socket) => {
      socket.write('handed on')
      socket.end(` with ${[...clients.listed()].length} clients`)
    },
  })
  const listener = await openListener({
    service: 'http',
    host: '127.0.0.1',
    port: 0,
    onSocket: server.accept,
    onAcceptProblem: assert.fail,
  })
  const socket: Socket = connect(listener.address.port, '127.0.0.1')
  await once(socket, 'connect')
  const head = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n'
  socket.write(`${head}Upgrade: ${upgrade}\r\n\r\n`)
  const answer = await text(socket)
  await server.close()
  listener.close()
  return [answer, [...clients.listed()].length]
}

test('a request for WebSocket is handed on, and is no client of HTTP any more', async () => {
  assert.deepEqual(await answerTo('WebSocket'), ['handed on with 0 clients', 0])
})

test("a request that offers HTTP/2, as Java's does, is answered like any other", async () => {
  assert.match((await answerTo('h2c'))[0], /^HTTP\/1\.1 200 OK\r\n/)
})
