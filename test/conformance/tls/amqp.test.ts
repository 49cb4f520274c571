// RabbitMQ's clients over TLS.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { connect, credentials } from 'amqplib'
import { findPika } from '../../support/find-pika.ts'
import { TlsBroker } from '../../support/tls-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const pikaFolder = join(import.meta.dirname, '../amqp/pika')
const pika = await findPika()

function urlOf(broker: TlsBroker): string {
  return `amqps://guest:guest@localhost:${broker.port('amqp-tls')}`
}

describe('amqplib over TLS', () => {
  it('publishes with confirms and consumes, small and large', async () => {
    await using broker = await TlsBroker.start()
    const connection = await connect(urlOf(broker), { ca: [broker.authority.certificate] })
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('mixed')
    const bodies = Array.from({ length: 200 }, (_, index) =>
      Buffer.alloc(index % 50 === 0 ? 2_000_000 : index, index),
    )
    const received: Buffer[] = []
    await channel.consume('mixed', (message) => {
      if (message === null) return
      received.push(message.content)
      channel.ack(message)
    })
    for (const body of bodies) channel.sendToQueue('mixed', body, { persistent: true })
    await channel.waitForConfirms()
    await waitFor('all arrive', () => received.length === bodies.length)
    for (const [index, body] of bodies.entries()) {
      assert.ok(received[index]?.equals(body), `message ${index}`)
    }
    await connection.close()
  })

  it('has what it last sent handled when it just hangs up', async () => {
    await using broker = await TlsBroker.start()
    const options = { ca: [broker.authority.certificate] }
    const connection = await connect(urlOf(broker), options)
    const channel = await connection.createChannel()
    await channel.assertQueue('left')
    for (let count = 0; count < 1000; count++) channel.sendToQueue('left', Buffer.alloc(1000))
    const { stream } = connection.connection as unknown as { stream: { end(): void } }
    connection.on('error', () => undefined)
    // amqplib writes at the end of its turn.
    setImmediate(() => setImmediate(() => stream.end()))
    await new Promise((resolve) => connection.once('close', resolve))
    const other = await connect(urlOf(broker), options)
    const look = await other.createChannel()
    await waitFor(
      'all are there',
      async () => (await look.checkQueue('left')).messageCount === 1000,
    )
    await other.close()
  })

  it('does not connect to a broker that it does not trust', async () => {
    await using broker = await TlsBroker.start()
    await assert.rejects(connect(urlOf(broker)), /certificate/)
  })

  it('needs a certificate of its own where clients are asked for one', async () => {
    await using broker = await TlsBroker.start({}, true)
    const ca = [broker.authority.certificate]
    await assert.rejects(connect(urlOf(broker), { ca }))
    await waitFor('it is said', () => broker.warnings.some((line) => /no certificate/.test(line)))
    const { certificate: cert, key } = broker.clientCertificate()
    const connection = await connect(urlOf(broker), { ca, cert, key })
    await connection.close()
  })

  it('is listed with what TLS has agreed on, and with its certificate', async () => {
    await using broker = await TlsBroker.start({}, true)
    const { certificate: cert, key } = broker.clientCertificate()
    const ca = [broker.authority.certificate]
    const connection = await connect(urlOf(broker), { ca, cert, key })
    const listed = await fetch(`http://127.0.0.1:${broker.port('http')}/api/connections`)
    const [shown] = (await listed.json()) as readonly Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      ['ssl', 'auth_mechanism', 'ssl_protocol', 'ssl_hash', 'peer_cert_subject'].map(
        (name) => shown?.[name],
      ),
      [true, 'PLAIN', 'tlsv1.3', 'aead', 'CN=client'],
    )
    assert.equal(shown?.['peer_cert_issuer'], 'CN=authority')
    assert.match(String(shown?.['ssl_cipher']), /_gcm$|_poly1305$/)
    await connection.close()
  })

  it('logs in with its certificate as the user that this names', async () => {
    const external = credentials.external()
    for (const [tlsClientName, user] of [
      ['distinguished-name', 'CN=client'],
      ['common-name', 'client'],
    ] as const) {
      const own = { user, password: 'not asked', tlsClientName }
      await using broker = await TlsBroker.start(own, true)
      const ca = [broker.authority.certificate]
      const { certificate: cert, key } = broker.clientCertificate()
      const connection = await connect(urlOf(broker), { ca, cert, key, credentials: external })
      const channel = await connection.createChannel()
      await channel.assertQueue('by-certificate', { exclusive: true })
      await connection.close()
    }
    await using broker = await TlsBroker.start({ user: 'other', password: 'secret' }, true)
    const ca = [broker.authority.certificate]
    const { certificate: cert, key } = broker.clientCertificate()
    await assert.rejects(
      connect(urlOf(broker), { ca, cert, key, credentials: external }),
      /403 \(ACCESS-REFUSED\).*Login was refused using authentication mechanism EXTERNAL/,
    )
    assert.ok(broker.warnings.some((line) => line.includes('Login refused')))
  })

  it('has no EXTERNAL without a certificate', async () => {
    await using broker = await TlsBroker.start()
    const ca = [broker.authority.certificate]
    await assert.rejects(
      connect(urlOf(broker), { ca, credentials: credentials.external() }),
      /EXTERNAL/,
    )
  })

  it('goes on when the certificate is renewed, and new connections see the new one', async () => {
    await using broker = await TlsBroker.start()
    const ca = [broker.authority.certificate]
    const connection = await connect(urlOf(broker), { ca })
    broker.renew('renewed')
    await waitFor('the new certificate is shown', async () => {
      const socket = connectTls({ port: broker.port('amqp-tls'), host: '127.0.0.1', ca })
      await once(socket, 'secureConnect')
      const { subject } = socket.getPeerCertificate()
      socket.destroy()
      return subject.CN === 'renewed'
    })
    const channel = await connection.createChannel()
    await channel.assertQueue('after')
    await connection.close()
  })

  it('ends with the broker', async () => {
    const broker = await TlsBroker.start()
    const connection = await connect(urlOf(broker), { ca: [broker.authority.certificate] })
    const errors: Error[] = []
    connection.on('error', (error: Error) => errors.push(error))
    const closed = once(connection, 'close')
    await broker[Symbol.asyncDispose]()
    await closed
    assert.match(errors[0]?.message ?? 'CONNECTION_FORCED', /CONNECTION_FORCED/)
  })
})

describe('pika over TLS', { skip: 'missing' in pika ? pika.missing : false }, () => {
  it('test_messages.py', async () => {
    if ('missing' in pika) return
    await using broker = await TlsBroker.start()
    const { command, env } = pika.python
    const settings = { AMQP_URL: `${urlOf(broker)}/%2F`, SSL_CERT_FILE: broker.caFile }
    const args = ['-m', 'unittest', 'test_messages.py']
    const child = spawn(command, args, { cwd: pikaFolder, env: { ...env, ...settings } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    }
    const [code] = (await once(child, 'close')) as [number | null]
    assert.equal(code, 0, output)
    assert.match(output, /Ran [1-9]\d* tests?/)
  })
})
