// STOMP over TLS, and clients that are who their certificate says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import { TlsBroker } from '../../support/tls-broker.ts'

async function answerTo(options: ConnectionOptions, frame: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', ...options })
  await once(socket, 'secureConnect')
  socket.write(frame)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

test('stomp-tls-cert-login: a client without login is the user of its certificate', async () => {
  await using tls = await TlsBroker.start(
    {
      stompTlsPort: 0,
      stompTlsCertLogin: true,
      tlsClientName: 'common-name',
      user: 'client',
      password: 'x',
    },
    true,
  )
  const port = tls.port('stomp-tls')
  const { certificate: cert, key } = tls.clientCertificate()
  const ca = tls.authority.certificate
  const login = 'CONNECT\naccept-version:1.2\n\n\0'
  assert.match(await answerTo({ port, ca, cert, key }, login), /^CONNECTED\n/)
  // Who gives a login is that user.
  const named = 'CONNECT\naccept-version:1.2\nlogin:somebody\npasscode:y\n\n\0'
  assert.match(await answerTo({ port, ca, cert, key }, named), /Access refused for user 'somebody'/)
})
