// What listens, and what happens to those who speak the wrong language to a port.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { TlsBroker } from '../../support/tls-broker.ts'
import { waitFor, within } from '../../support/wait-for.ts'

const greetings = {
  amqp: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
  kafka: Buffer.from('0000000a00120000000000010000', 'hex'),
  http: Buffer.from('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'),
} as const

type Service = keyof typeof greetings

async function get(broker: TlsBroker, path: string): Promise<{ status: number; body: string }> {
  const at = { host: 'localhost', port: broker.port('http-tls'), path, agent: false as const }
  const call = request({ ...at, ca: broker.authority.certificate }).end()
  const [response] = await once(call, 'response')
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode, body }
}

describe('ports with TLS', () => {
  it('are closed without a certificate', async () => {
    await using broker = await TlsBroker.start({ tlsCert: undefined, tlsKey: undefined })
    assert.deepEqual(Object.keys(broker.broker.addresses).toSorted(), ['amqp', 'http', 'kafka'])
  })

  it('serve HTTP, also when the plain port is off', async () => {
    for (const httpPort of [0, 'off'] as const) {
      await using broker = await TlsBroker.start({ httpPort })
      assert.deepEqual(await get(broker, '/health/ready'), { status: 200, body: '{"status":"ok"}' })
      const { addresses } = JSON.parse((await get(broker, '/api/status')).body)
      assert.equal(addresses['amqp-tls'].port, broker.port('amqp-tls'))
      const check = '/api/health/checks/certificate-expiration'
      assert.equal((await get(broker, `${check}/0/days`)).status, 200)
      assert.equal((await get(broker, `${check}/999/years`)).status, 503)
    }
  })

  for (const service of Object.keys(greetings) as Service[]) {
    it(`end plain ${service} at once and say so`, async () => {
      await using broker = await TlsBroker.start()
      const socket = connect(broker.port(`${service}-tls`), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(greetings[service])
      socket.resume()
      await within('the broker hangs up', once(socket, 'close'), 5000)
      const said = new RegExp(`127\\.0\\.0\\.1 on ${service}-tls: it does not speak TLS`)
      await waitFor('it is said', () => broker.warnings.some((line) => said.test(line)))
    })

    it(`without it, ${service} ends TLS at once and says so`, async () => {
      await using broker = await TlsBroker.start()
      const socket = connectTls({ port: broker.port(service), host: '127.0.0.1' })
      const [error] = await within('the client fails', once(socket, 'error'), 5000)
      assert.ok(error instanceof Error)
      const said = new RegExp(`127\\.0\\.0\\.1 speaks TLS to the plain ${service} port`, 'i')
      await waitFor('it is said', () => broker.warnings.some((line) => said.test(line)))
    })
  }

  it('end with the broker, and so do handshakes on them', async () => {
    await using broker = await TlsBroker.start()
    const sockets = ['amqp-tls', 'kafka-tls', 'http-tls'].map((service) =>
      connect(broker.port(service), '127.0.0.1').on('error', () => undefined),
    )
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const closed = sockets.map((socket) => once(socket.resume(), 'close'))
    await broker.broker.close()
    await within('all are hung up on', Promise.all(closed), 5000)
    assert.deepEqual(broker.warnings, [])
  })
})
