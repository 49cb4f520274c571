import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
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
