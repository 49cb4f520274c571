// Facts 1.1: everything before connection.open-ok, and what the server says about itself.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { connect, credentials } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  isExternalBroker,
  onlyPabal,
  onRabbit310,
  startBrokerUnderTest,
} from '../../support/broker-under-test.ts'
import { PROTOCOL_HEADER, RawClient } from '../../support/raw-client.ts'
import { decodeTable, encodeTable, longstr, shortstr } from '../../support/raw-codec.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

/** Flags of a broker that has a user of its own. */
function userFlags(t: TestContext): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-user-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const passwordFile = path.join(folder, 'password')
  writeFileSync(passwordFile, 'secret')
  return ['--user', 'admin', '--password-file', passwordFile]
}

const refused =
  'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.'

describe('protocol header', () => {
  it('answers AMQP 0-9-1 with connection.start 0-9', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(PROTOCOL_HEADER)
    const { args } = await client.expect(0, 'connection.start')
    assert.equal(args['versionMajor'], 0)
    assert.equal(args['versionMinor'], 9)
    assert.equal(String(args['locales']), 'en_US')
    const mechanisms = String(args['mechanisms']).split(' ')
    assert.ok(mechanisms.includes('PLAIN'))
    assert.ok(mechanisms.includes('AMQPLAIN'))
    if (!isExternalBroker) assert.deepEqual(mechanisms, ['PLAIN', 'AMQPLAIN', 'ANONYMOUS'])
  })

  it('accepts the header byte by byte', async () => {
    await using client = await RawClient.connect(broker.port)
    for (const byte of PROTOCOL_HEADER) client.sendBytes(Buffer.from([byte]))
    await client.expect(0, 'connection.start')
  })

  it('treats the 0-9 header as 0-9-1', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(Buffer.from('AMQP\x01\x01\x00\x09', 'latin1'))
    await client.expect(0, 'connection.start')
  })

  it('answers an unknown 0.0.9+ version with AMQP 0-9-1 and closes', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(Buffer.from('AMQP\x00\x00\x09\x02', 'latin1'))
    const frame = await client.next()
    assert.equal(frame.kind, 'body')
    assert.deepEqual(frame.kind === 'body' && frame.payload, PROTOCOL_HEADER)
    await client.ended()
  })

  it('answers anything else with a protocol header and closes', async () => {
    for (const greeting of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01']) {
      await using client = await RawClient.connect(broker.port)
      client.sendBytes(Buffer.from(greeting, 'latin1'))
      const frame = await client.next()
      assert.equal(frame.kind === 'body' && frame.payload.toString('latin1', 0, 4), 'AMQP')
      await client.ended()
    }
  })
})

describe('server properties', () => {
  it('advertise exactly the nine capabilities that clients branch on', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(PROTOCOL_HEADER)
    const { args } = await client.expect(0, 'connection.start')
    const properties = decodeTable(args['serverProperties'] as Buffer)
    assert.deepEqual(decodeTable(properties['capabilities'] as Buffer), {
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      'basic.nack': true,
      consumer_cancel_notify: true,
      'connection.blocked': true,
      consumer_priorities: true,
      authentication_failure_close: true,
      per_consumer_qos: true,
      direct_reply_to: true,
    })
  })

  it('name a RabbitMQ-compatible product and version', async () => {
    await using session = await AmqpSession.open(broker.url)
    const { serverProperties } = session.model.connection
    assert.equal(serverProperties.product, 'RabbitMQ')
    assert.match(serverProperties.version, /^\d+\.\d+\.\d+$/)
    for (const name of ['platform', 'information', 'copyright', 'cluster_name'])
      assert.equal(typeof serverProperties[name], 'string', name)
  })

  it('say 4.2.0 and name Pabal in platform and information', onlyPabal, async () => {
    await using session = await AmqpSession.open(broker.url)
    const { serverProperties } = session.model.connection
    assert.equal(serverProperties.version, '4.2.0')
    assert.match(serverProperties.platform, /Pabal/)
    assert.match(serverProperties.information, /Pabal/)
  })
})

describe('authentication', { concurrency: true }, () => {
  it('accepts PLAIN', async () => {
    await using client = await RawClient.open(broker.port)
    await client.close()
  })

  it('accepts AMQPLAIN', async () => {
    const response = encodeTable({ LOGIN: ['S', 'guest'], PASSWORD: ['S', 'guest'] })
    await using client = await RawClient.open(broker.port, { mechanism: 'AMQPLAIN', response })
    await client.close()
  })

  it('accepts AMQPLAIN from amqplib', async () => {
    const amqplain = credentials.amqplain('guest', 'guest')
    await using session = await AmqpSession.open(broker.url, { credentials: amqplain })
    await session.channel()
  })

  it('logs ANONYMOUS in as guest', onRabbit310('does not offer it'), async () => {
    const login = { mechanism: 'ANONYMOUS', response: Buffer.from('somebody') }
    await using client = await RawClient.openChannel(broker.port, login)
    const properties = Buffer.concat([Buffer.from([0, 0b1_0000]), Buffer.from('\x05guest')])
    await client.call(1, 'confirm.select')
    client.publish(1, { routingKey: 'nobody' }, 'x', properties)
    await client.expect(1, 'basic.ack')
  })

  it('knows no ANONYMOUS where guest does not exist', onlyPabal, async (t) => {
    await using own = await startBrokerUnderTest(userFlags(t))
    await using client = await RawClient.connect(own.port)
    client.sendBytes(PROTOCOL_HEADER)
    const { args } = await client.expect(0, 'connection.start')
    assert.equal(String(args['mechanisms']), 'PLAIN AMQPLAIN')
    await using other = await RawClient.authenticate(own.port, { mechanism: 'ANONYMOUS' })
    const close = await other.expectClose(0)
    assert.equal(close.text, "COMMAND_INVALID - invalid authentication mechanism 'ANONYMOUS'")
  })

  it(
    'answers many wrong logins of an address slowly, and right ones at once',
    onlyPabal,
    async (t) => {
      await using own = await startBrokerUnderTest(userFlags(t))
      const wrong = `amqp://admin:guess@127.0.0.1:${own.port}`
      const isDone: boolean[] = []
      const all = Array.from({ length: 22 }, (_, index) =>
        assert.rejects(connect(wrong), /ACCESS_REFUSED/).then(() => (isDone[index] = true)),
      )
      await waitFor('most are answered', () => isDone.filter(Boolean).length >= 20)
      assert.equal(isDone.filter(Boolean).length, 20)
      const right = await connect(`amqp://admin:secret@127.0.0.1:${own.port}`)
      await right.close()
      assert.equal(isDone.filter(Boolean).length, 20, 'the others wait still')
      await Promise.all(all)
    },
  )

  it('closes with 403 when the client can take it', async () => {
    for (const login of [{ password: 'wrong' }, { user: 'nobody' }]) {
      await using client = await RawClient.authenticate(broker.port, login)
      const close = await client.expectClose(0)
      assert.equal(close.code, 403)
      assert.equal(close.text, refused)
      await client.ended()
    }
  })

  it('closes the socket without a word when the client cannot', async () => {
    const clientProperties = { product: ['S', 'old client'] as const }
    const login = { password: 'wrong', clientProperties }
    await using client = await RawClient.authenticate(broker.port, login)
    assert.deepEqual(await client.next(8000), { kind: 'closed' })
  })

  it('reports a refused login through amqplib', async () => {
    const url = broker.url.replace('guest:guest', 'guest:wrong')
    await assert.rejects(connect(url), /403 \(ACCESS-REFUSED\)|ACCESS_REFUSED/)
  })

  it('refuses an unknown mechanism', onRabbit310('closes without a word'), async () => {
    await using client = await RawClient.authenticate(broker.port, { mechanism: 'MAGIC' })
    const close = await client.expectClose(0)
    assert.equal(close.code, 503)
    assert.equal(close.text, "COMMAND_INVALID - unknown authentication mechanism 'MAGIC'")
  })
})

describe('tune', () => {
  it('offers frame_max 131072, channel_max 2047 and heartbeat 60', async () => {
    await using client = await RawClient.authenticate(broker.port)
    const { args } = await client.expect(0, 'connection.tune')
    assert.deepEqual(args, { channelMax: 2047, frameMax: 131072, heartbeat: 60 })
  })

  it('accepts frame_max 4096 and splits what it sends', async () => {
    await using client = await RawClient.openChannel(broker.port, { frameMax: 4096 })
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    const body = Buffer.alloc(10_000, 'x')
    client.send(1, 'basic.publish', { routingKey: queue as string })
    client.sendHeader(1, body.length)
    for (let at = 0; at < body.length; at += 4088) client.sendBody(1, body.subarray(at, at + 4088))
    client.send(1, 'basic.get', { queue: queue as string })
    await client.expect(1, 'basic.get-ok')
    const header = await client.next()
    assert.equal(header.kind, 'header')
    let received = 0
    while (received < body.length) {
      const frame = await client.next()
      assert.ok(frame.kind === 'body' && frame.payload.length <= 4096 - 8)
      received += frame.payload.length
    }
    assert.equal(received, body.length)
  })

  const tooHigh: { case: string; options: object; text: string }[] = [
    {
      case: 'frame_max below 4096',
      options: { frameMax: 4095 },
      text: 'NOT_ALLOWED - negotiated frame_max = 4095 is lower than the minimum allowed value (4096)',
    },
    {
      case: 'frame_max above the offer',
      options: { frameMax: 131073 },
      text: 'NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed value (131072)',
    },
    {
      case: 'frame_max 0, which means unlimited',
      options: { frameMax: 0 },
      text: 'NOT_ALLOWED - negotiated frame_max = 0 is higher than the maximum allowed value (131072)',
    },
    {
      case: 'channel_max above the offer',
      options: { channelMax: 2048 },
      text: 'NOT_ALLOWED - negotiated channel_max = 2048 is higher than the maximum allowed value (2047)',
    },
    {
      case: 'channel_max 0, which means unlimited',
      options: { channelMax: 0 },
      text: 'NOT_ALLOWED - negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)',
    },
  ]
  for (const row of tooHigh) {
    it(`refuses ${row.case}`, onRabbit310('closes without a word while tuning'), async () => {
      await using client = await RawClient.tune(broker.port, row.options)
      const close = await client.expectClose(0)
      assert.equal(close.code, 530)
      assert.equal(close.text, row.text)
    })
  }
})

describe('connection.open', () => {
  it('refuses a missing vhost', async () => {
    await using client = await RawClient.tune(broker.port, { vhost: 'nowhere' })
    const close = await client.expectClose(0)
    assert.deepEqual(close, {
      scope: 'connection',
      code: 530,
      text: 'NOT_ALLOWED - vhost nowhere not found',
      classId: 10,
      methodId: 40,
    })
    await client.ended()
  })

  it('accepts connection_name and any other client property', async () => {
    const clientProperties = { connection_name: 'conformance', anything: [1, null, { a: true }] }
    await using session = await AmqpSession.open(broker.url, { clientProperties })
    await session.channel()
  })

  it('answers connection.close with close-ok', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' })
    await client.expect(0, 'connection.close-ok')
  })

  it('closes connections that amqplib closes', async () => {
    const session = await AmqpSession.open(broker.url)
    await session.channel()
    await session.model.close()
  })

  it('takes pipelined methods in one packet', async () => {
    await using client = await RawClient.open(broker.port)
    client.send(1, 'channel.open')
    client.send(1, 'queue.declare', { exclusive: true })
    client.send(2, 'channel.open')
    const names = new Set<string>()
    for (let n = 0; n < 3; n += 1) {
      const frame = await client.next()
      if (frame.kind === 'method') names.add(`${frame.channel} ${frame.name}`)
    }
    assert.deepEqual(
      names,
      new Set(['1 channel.open-ok', '1 queue.declare-ok', '2 channel.open-ok']),
    )
  })
})

describe('connection.update-secret', () => {
  it('is answered, and the connection goes on', async () => {
    await using session = await AmqpSession.open(broker.url)
    await session.model.updateSecret(Buffer.from('guest'), 'token refreshed')
    await session.channel()
  })

  it('is answered with update-secret-ok', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(0, 'connection.update-secret', {
      newSecret: Buffer.from('guest'),
      reason: 'test',
    })
  })
})

describe('a client that sends nonsense during the handshake', { concurrency: true }, () => {
  it('is closed when it sends another method than start-ok', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(PROTOCOL_HEADER)
    await client.expect(0, 'connection.start')
    client.send(0, 'connection.open', { virtualHost: '/' })
    await client.refused()
  })

  it('is closed when it sends a frame above 8192 bytes before it is known', async () => {
    await using client = await RawClient.connect(broker.port)
    client.sendBytes(PROTOCOL_HEADER)
    await client.expect(0, 'connection.start')
    client.sendBytes(Buffer.concat([Buffer.from([1, 0, 0]), Buffer.from('7fffffff', 'hex')]))
    client.sendBytes(Buffer.alloc(20_000))
    await client.refused()
  })

  it('is closed when it opens a channel before the connection', async () => {
    await using client = await RawClient.authenticate(broker.port)
    await client.expect(0, 'connection.tune')
    client.send(1, 'channel.open')
    await client.refused()
  })

  it('is closed when its AMQPLAIN response is not a table', async () => {
    const response = Buffer.concat([shortstr('LOGIN'), longstr('guest')])
    await using client = await RawClient.authenticate(broker.port, {
      mechanism: 'AMQPLAIN',
      response,
    })
    await client.refused()
  })
})
