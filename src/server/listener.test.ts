import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { waitFor } from '../../test/support/wait-for.ts'
import { openListener } from './listener.ts'

test('openListener() hands over sockets and leaves them alone when it closes', async () => {
  const accepted = Promise.withResolvers<Socket>()
  const listener = await openListener({
    service: 'amqp',
    host: '127.0.0.1',
    port: 0,
    onSocket: accepted.resolve,
    onAcceptProblem: (reason) => assert.fail(reason),
  })
  const client = connect(listener.address.port, listener.address.host)
  await once(client, 'connect')
  const socket = await accepted.promise
  listener.close()
  socket.write('still here')
  const [chunk] = (await once(client, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'still here')
  const refused = connect(listener.address.port, listener.address.host)
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  client.destroy()
  socket.destroy()
})

test('further hosts have the same port, where the machine has them', async () => {
  const missing: string[] = []
  const sockets: Socket[] = []
  const listener = await openListener({
    service: 'amqp',
    host: '127.0.0.1',
    alsoHosts: ['127.0.0.2', '192.0.2.1'],
    port: 0,
    onSocket: (socket) => sockets.push(socket),
    onAcceptProblem: (reason) => assert.fail(reason),
    onMissingHost: (host) => missing.push(host),
  })
  const { host, port, alsoHosts } = listener.address
  assert.deepEqual([host, alsoHosts, missing], ['127.0.0.1', ['127.0.0.2'], ['192.0.2.1']])
  const clients = [host, '127.0.0.2'].map((each) => connect(port, each))
  for (const client of clients) await once(client, 'connect')
  await waitFor('both are accepted', () => sockets.length === 2)
  listener.close()
  for (const socket of [...clients, ...sockets]) socket.destroy()
  const refused = connect(port, '127.0.0.2')
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
})
