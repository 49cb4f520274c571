// Logins with a token (OAuth 2), as RabbitMQ's rabbitmq_auth_backend_oauth2 takes them. Sources: RabbitMQ 4.2.9,
// rabbit_reader.erl, rabbit_access_control.erl and the plugin.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type ChannelModel, connect } from 'amqplib'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { findPika } from '../../support/find-pika.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { RawClient, type RawOpenOptions } from '../../support/raw-client.ts'
import { allScopes, type ClaimsOf, TokenIssuer } from '../../support/token-issuer.ts'

let issuer: TokenIssuer
let broker: RunningBroker
let port: number
before(async () => {
  issuer = await TokenIssuer.start()
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    httpPort: 'off',
    kafkaPort: 'off',
    vhosts: ['shop'],
    oauthIssuer: issuer.url,
  })
  port = broker.addresses['amqp']!.port
})
after(async () => {
  await broker.close()
  await issuer[Symbol.asyncDispose]()
})

const opened: ChannelModel[] = []
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close().catch(() => undefined)
})

async function connectBy(password: string, username = ''): Promise<ChannelModel> {
  const where = { protocol: 'amqp', hostname: '127.0.0.1', port, username, password }
  const connection = await connect(where)
  // What ends it is looked at where it matters.
  connection.on('error', () => undefined)
  opened.push(connection)
  return connection
}

async function openWith(claims: ClaimsOf, options: RawOpenOptions = {}): Promise<RawClient> {
  const password = await issuer.sign(claims)
  return RawClient.openChannel(port, { user: '', password, ...options })
}

const refused = /ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN/

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

describe('a login with a token', () => {
  it('takes it as the password of any user', async () => {
    const token = await issuer.sign({ scope: allScopes })
    for (const user of ['', 'app', 'somebody', 'guest']) {
      const connection = await connectBy(token, user)
      const channel = await connection.createChannel()
      const { queue } = await channel.assertQueue('by-token', { durable: false })
      assert.equal(queue, 'by-token')
    }
  })

  it('leaves passwords as they are', async () => {
    await connectBy('guest', 'guest')
    await assert.rejects(connectBy('guess', 'guest'), refused)
    await assert.rejects(connectBy('a.b.c', 'guest'), refused)
  })

  const wrong: readonly [string, () => ClaimsOf][] = [
    ['has expired', () => ({ exp: inSeconds(-1) })],
    ['does not expire', () => ({ exp: undefined })],
    ['is for somebody else', () => ({ aud: 'shop' })],
    ['is of another issuer', () => ({ iss: 'https://elsewhere.example.com' })],
  ]
  for (const [what, claims] of wrong) {
    it(`is refused when it ${what}`, async () => {
      const token = await issuer.sign({ scope: allScopes, ...claims() })
      await assert.rejects(connectBy(token, 'guest'), refused)
    })
  }

  it('is refused when nobody signed it', async () => {
    const [, body = ''] = (await issuer.sign({ scope: allScopes })).split('.')
    const header = Buffer.from('{"alg":"none"}').toString('base64url')
    await assert.rejects(connectBy(`${header}.${body}.`), refused)
  })

  it('is refused into a virtual host that no scope names', async () => {
    const password = await issuer.sign({ scope: 'rabbitmq.read:shop/*' })
    await using _shop = await RawClient.open(port, { user: '', password, vhost: 'shop' })
    await using other = await RawClient.tune(port, { user: '', password })
    const { code, text } = await other.expectClose(0)
    assert.equal(code, 530)
    assert.equal(text, "NOT_ALLOWED - access to vhost '/' refused for user 'app'")
  })

  it('is not overtaken by what its client sends meanwhile', async () => {
    const password = await issuer.sign({ scope: allScopes })
    await using client = await RawClient.authenticate(port, { user: '', password })
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 8192, heartbeat: 0 })
    const { text } = await client.expectClose(0)
    assert.equal(text, "COMMAND_INVALID - expected 'login', got 'connection.tune-ok'")
    assert.equal((await client.next()).kind, 'closed')
  })
})

describe('what a token permits', () => {
  it('is asked for each method, in the words of RabbitMQ', async () => {
    await using client = await openWith({
      scope: 'rabbitmq.configure:*/app-* rabbitmq.read:*/app-*',
    })
    await client.call(1, 'queue.declare', { queue: 'app-1', durable: false })
    client.send(1, 'queue.declare', { queue: 'other', durable: false })
    const { code, text } = await client.expectClose(1)
    assert.equal(code, 403)
    assert.equal(
      text,
      "ACCESS_REFUSED - configure access to queue 'other' in vhost '/' refused for user 'app'",
    )
  })

  it('is asked for routing keys of a topic exchange', async () => {
    await using client = await openWith({
      scope: 'rabbitmq.write:*/*/app.* rabbitmq.write:*/amq.fanout',
    })
    await client.call(1, 'confirm.select')
    for (const [exchange, routingKey] of [
      ['amq.topic', 'app.a'],
      ['amq.fanout', 'other'],
    ] as const) {
      client.publish(1, { exchange, routingKey }, 'x')
      await client.expect(1, 'basic.ack')
    }
    client.publish(1, { exchange: 'amq.topic', routingKey: 'other' }, 'x')
    const { text } = await client.expectClose(1)
    assert.equal(
      text,
      "ACCESS_REFUSED - write access to topic 'other' in exchange 'amq.topic' in vhost '/' refused for user 'app'",
    )
  })

  it('is not what a user of that name may do', async () => {
    // guest may do everything, by the password.
    await using client = await openWith({ sub: 'guest', scope: 'rabbitmq.read:*/*' })
    client.send(1, 'queue.declare', { queue: 'other', durable: false })
    assert.match((await client.expectClose(1)).text, /refused for user 'guest'/)
  })

  it('are tags as well', async () => {
    const properties = Buffer.concat([Buffer.from([0x00, 0x10]), Buffer.from('\u0005other')])
    const scope = `${allScopes} rabbitmq.tag:impersonator`
    await using impersonator = await openWith({ scope })
    await impersonator.call(1, 'confirm.select')
    impersonator.publish(1, { exchange: '', routingKey: 'x' }, 'x', properties)
    await impersonator.expect(1, 'basic.ack')
    await using client = await openWith({ scope: allScopes })
    client.publish(1, { exchange: '', routingKey: 'x' }, 'x', properties)
    assert.match((await client.expectClose(1)).text, /user_id property set to 'other'/)
  })
})

describe('a token that expires', () => {
  it('ends its connection at that moment', async () => {
    const exp = inSeconds(4)
    await using client = await openWith({ scope: allScopes, exp })
    const { scope, code, text, methodId } = await client.expectClose(0)
    assert.ok(Date.now() >= exp * 1000)
    assert.deepEqual(
      [scope, code, text, methodId],
      ['connection', 320, 'CONNECTION_FORCED - credential expired', 0],
    )
  })

  it('may be replaced before', async () => {
    const exp = inSeconds(4)
    const connection = await connectBy(await issuer.sign({ scope: allScopes, exp }))
    await connection.updateSecret(
      Buffer.from(await issuer.sign({ scope: allScopes })),
      'it expires',
    )
    // One that keeps its token ends after it should have.
    await using witness = await openWith({ scope: allScopes, exp: exp + 1 })
    await witness.expectClose(0)
    const channel = await connection.createChannel()
    await channel.close()
  })
})

const pika = await findPika()

describe('pika', { skip: 'missing' in pika && pika.missing }, () => {
  it('renews its token', async () => {
    if ('missing' in pika) return
    const exp = inSeconds(6)
    const env = {
      ...pika.python.env,
      AMQP_PORT: String(port),
      FIRST_TOKEN: await issuer.sign({ scope: allScopes, exp }),
      FIRST_EXPIRES: String(exp),
      NEXT_TOKEN: await issuer.sign({ scope: allScopes }),
    }
    const program = path.join(import.meta.dirname, 'pika/renew_token.py')
    const { stdout } = await promisify(execFile)(pika.python.command, [program], { env })
    assert.equal(stdout.trim(), 'hello')
  })
})

describe('connection.update-secret', () => {
  const secret = (token: string): { newSecret: Buffer; reason: string } => ({
    newSecret: Buffer.from(token),
    reason: 'test',
  })

  it('changes what a connection may do', async () => {
    await using client = await openWith({ scope: 'rabbitmq.read:*/*' })
    const scope = 'rabbitmq.configure:*/* rabbitmq.read:*/*'
    await client.call(0, 'connection.update-secret', secret(await issuer.sign({ scope })))
    await client.call(1, 'queue.declare', { queue: 'updated', durable: false })
    await client.call(
      0,
      'connection.update-secret',
      secret(await issuer.sign({ scope: 'rabbitmq.read:*/*' })),
    )
    client.send(1, 'queue.delete', { queue: 'updated' })
    assert.match((await client.expectClose(1)).text, /configure access to queue 'updated'/)
  })

  it('ends consumers that may not read any more', async () => {
    await using client = await openWith({ scope: allScopes })
    for (const queue of ['kept', 'lost']) {
      await client.call(1, 'queue.declare', { queue, durable: false })
      await client.call(1, 'basic.consume', { queue, consumerTag: `of-${queue}` })
    }
    const scope = 'rabbitmq.configure:*/* rabbitmq.write:*/* rabbitmq.read:*/kept'
    client.send(0, 'connection.update-secret', secret(await issuer.sign({ scope })))
    const { args } = await client.expect(1, 'basic.cancel')
    assert.equal(args['consumerTag'], 'of-lost')
    await client.expect(0, 'connection.update-secret-ok')
    for (const routingKey of ['lost', 'kept']) client.publish(1, { exchange: '', routingKey }, 'x')
    const { method } = await client.expectMessage(1, 'basic.deliver')
    assert.equal(method.args['routingKey'], 'kept')
  })

  const refusals: readonly [string, () => ClaimsOf, RegExp][] = [
    [
      'has expired',
      () => ({ exp: inSeconds(-1) }),
      /New secret was refused by one of the backends/,
    ],
    ['is of another user', () => ({ sub: 'b' }), /New secret was refused by one of the backends/],
    [
      'is for another virtual host',
      () => ({ scope: 'rabbitmq.read:shop/*' }),
      /access to vhost '\/' refused/,
    ],
  ]
  for (const [what, claims, text] of refusals) {
    it(`ends the connection when the token ${what}`, async () => {
      await using client = await openWith({ scope: allScopes })
      const token = await issuer.sign({ scope: allScopes, ...claims() })
      client.send(0, 'connection.update-secret', secret(token))
      const close = await client.expectClose(0)
      assert.equal(close.code, 530)
      assert.match(close.text, text)
    })
  }

  it('is taken, and changes nothing, where the login was by a password', async () => {
    await using client = await RawClient.open(port)
    await client.call(0, 'connection.update-secret', secret('another'))
    await client.call(1, 'channel.open')
  })

  it('keeps the order of what comes after it', async () => {
    await using client = await openWith({ scope: 'rabbitmq.read:*/*' })
    const token = await issuer.sign({ scope: allScopes })
    client.together(() => {
      client.send(0, 'connection.update-secret', secret(token))
      client.send(1, 'queue.declare', { queue: 'after', durable: false })
    })
    await client.expect(0, 'connection.update-secret-ok')
    await client.expect(1, 'queue.declare-ok')
  })
})

describe("an issuer's keys", () => {
  it('are those that it tells now', async () => {
    await using other = await TokenIssuer.start('RS256')
    await using own = await startBroker({
      storage: 'memory',
      ...otherPortsOff,
      amqpPort: 0,
      httpPort: 'off',
      kafkaPort: 'off',
      oauthJwks: other.keysUrl,
    })
    const { port: ownPort } = own.addresses['amqp']!
    const login = async (): Promise<void> => {
      const password = await other.sign({ scope: allScopes })
      await using client = await RawClient.open(ownPort, { user: '', password })
      await client.close()
    }
    await login()
    other.answer = { status: 500, body: 'away' }
    await login()
    assert.equal(other.keyRequests, 1)
  })

  it('that cannot be had refuse the login, and do not hold it up', async () => {
    await using mute = await TokenIssuer.start()
    mute.isMute = true
    await using own = await startBroker({
      storage: 'memory',
      ...otherPortsOff,
      amqpPort: 0,
      httpPort: 'off',
      kafkaPort: 'off',
      oauthIssuer: mute.url,
    })
    const password = await mute.sign({ scope: allScopes })
    const options = { user: '', password }
    const client = await RawClient.authenticate(own.addresses['amqp']!.port, options)
    const { code } = await client.expectClose(0)
    assert.equal(code, 403)
  })
})
