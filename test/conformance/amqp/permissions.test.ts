// Facts 1.6: which AMQP method needs which right on what, and what a user without it is told. Source:
// RabbitMQ 4.2.9, rabbit_channel.erl and rabbit_access_control.erl.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Channel, type ChannelModel, connect } from 'amqplib'
import { hashPassword } from '../../../src/auth/password-hash.ts'
import type { Operation } from '../../../src/auth/rights.ts'
import { AccessKeeper } from '../../../src/broker/access-keeper.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { RawClient } from '../../support/raw-client.ts'

type Right = readonly [Operation, kind: 'queue' | 'exchange', name: string]

let broker: BrokerInProcess
let keeper: AccessKeeper
/** Of guest, who may do everything. */
let all: ChannelModel
before(async () => {
  broker = await BrokerInProcess.start()
  keeper = new AccessKeeper({ broker: broker.broker, clients: broker.clients, settingsVHosts: [] })
  all = await connect(broker.url, { noDelay: true })
})
after(async () => {
  await all.close()
  await broker[Symbol.asyncDispose]()
})

const userName = 'app'
beforeEach(reset)

/** The user may do nothing, and what methods are tried on is there. */
async function reset(): Promise<void> {
  const hashed = hashPassword(Buffer.from('pw'), systemRandom)
  await keeper.putUser({ name: userName, tags: [], ...hashed })
  await grant([])
  await keeper.clearTopicPermissions([...broker.broker.access.topicPermissions()])
  const channel = await all.createChannel()
  await channel.assertQueue('q')
  await channel.purgeQueue('q')
  await channel.assertQueue('dlq')
  await channel.assertExchange('x', 'direct')
  await channel.assertExchange('y', 'direct')
  await channel.assertExchange('t', 'topic')
  await channel.bindQueue('q', 'x', 'bound')
  await channel.bindExchange('y', 'x', 'bound')
  await channel.deleteQueue('new')
  await channel.deleteExchange('new')
  await channel.close()
}

const operations = ['configure', 'write', 'read'] as const

/** Each way to have or not to have each right. */
const subsets: readonly (readonly Operation[])[] = Array.from({ length: 8 }, (_, bits) =>
  operations.filter((_operation, at) => (bits >> at) % 2 === 1),
)

/** The user may do these on everything, by patterns that are asked for each name. */
function grantEverywhere(granted: readonly Operation[]): Promise<void> {
  const patternOf = (operation: Operation): string => (granted.includes(operation) ? '.' : '')
  return keeper.setPermission({
    user: userName,
    vhost: '/',
    configure: patternOf('configure'),
    write: patternOf('write'),
    read: patternOf('read'),
  })
}

function grantAll(vhost: string): Promise<void> {
  const patterns = { configure: '.*', write: '.*', read: '.*' }
  return keeper.setPermission({ user: userName, vhost, ...patterns })
}

/** The user may do this and nothing else. */
async function grant(rights: readonly Right[]): Promise<void> {
  const patternOf = (operation: Operation): string => {
    const names = rights.filter(([asked]) => asked === operation).map(([, , name]) => name)
    return `^(${names.map((name) => name.replaceAll('.', String.raw`\.`)).join('|')})$`
  }
  const patterns = {
    configure: patternOf('configure'),
    write: patternOf('write'),
    read: patternOf('read'),
  }
  await keeper.setPermission({ user: userName, vhost: '/', ...patterns })
}

async function open(vhost = '%2F'): Promise<ChannelModel> {
  const url = `amqp://${userName}:pw@127.0.0.1:${broker.port}/${vhost}`
  const connection = await connect(url, { noDelay: true })
  return connection.on('error', () => undefined)
}

/** Why the user is not let in. */
async function refusedAt(vhost: string): Promise<string> {
  const options = { user: userName, password: 'pw', vhost }
  await using client = await RawClient.tune(broker.port, options)
  const { code, text } = await client.expectClose(0)
  assert.equal(code, 530)
  return text
}

/** What becomes of the user's `action`: undefined when it is done, else what closed its channel. */
async function attempt(
  action: (channel: Channel) => Promise<unknown>,
): Promise<string | undefined> {
  const connection = await open()
  try {
    const channel = await connection.createChannel()
    const failed = once(channel, 'error').then(([error]) => (error as Error).message)
    const done = action(channel).then(
      () => undefined,
      // A promise of amqplib that fails comes with the error event.
      () => failed,
    )
    const text = await Promise.race([done, failed])
    return text === undefined ? undefined : /"(.*)"/.exec(text)?.[1]
  } finally {
    await connection.close()
  }
}

function refusal([operation, kind, name]: Right): string {
  return `ACCESS_REFUSED - ${operation} access to ${kind} '${name}' in vhost '/' refused for user '${userName}'`
}

/** Publishes and waits until the channel has taken it. */
async function publish(channel: Channel, exchange: string, key: string): Promise<void> {
  channel.publish(exchange, key, Buffer.from('m'))
  await channel.prefetch(1)
}

const deadLetters = { arguments: { 'x-dead-letter-exchange': 'x' } }

/** In the order in which the broker asks for them. */
const cases: readonly (readonly [
  name: string,
  action: (channel: Channel) => Promise<unknown>,
  ...rights: Right[],
])[] = [
  ['queue.declare', (ch) => ch.assertQueue('new'), ['configure', 'queue', 'new']],
  ['queue.declare of an existing one', (ch) => ch.assertQueue('q'), ['configure', 'queue', 'q']],
  [
    'queue.declare with a dead-letter exchange',
    (ch) => ch.assertQueue('new', deadLetters),
    ['configure', 'queue', 'new'],
    ['read', 'queue', 'new'],
    ['write', 'exchange', 'x'],
  ],
  ['queue.delete', (ch) => ch.deleteQueue('q'), ['configure', 'queue', 'q']],
  ['queue.delete of a missing one', (ch) => ch.deleteQueue('no'), ['configure', 'queue', 'no']],
  ['queue.purge', (ch) => ch.purgeQueue('q'), ['read', 'queue', 'q']],
  [
    'queue.bind',
    (ch) => ch.bindQueue('q', 'x', 'k'),
    ['write', 'queue', 'q'],
    ['read', 'exchange', 'x'],
  ],
  [
    'queue.unbind',
    (ch) => ch.unbindQueue('q', 'x', 'bound'),
    ['write', 'queue', 'q'],
    ['read', 'exchange', 'x'],
  ],
  [
    'exchange.declare',
    (ch) => ch.assertExchange('new', 'direct'),
    ['configure', 'exchange', 'new'],
  ],
  [
    'exchange.declare with an alternate exchange',
    (ch) => ch.assertExchange('new', 'direct', { alternateExchange: 'y' }),
    ['configure', 'exchange', 'new'],
    ['read', 'exchange', 'new'],
    ['write', 'exchange', 'y'],
  ],
  ['exchange.delete', (ch) => ch.deleteExchange('y'), ['configure', 'exchange', 'y']],
  [
    'exchange.bind',
    (ch) => ch.bindExchange('y', 'x', 'k'),
    ['write', 'exchange', 'y'],
    ['read', 'exchange', 'x'],
  ],
  [
    'exchange.unbind',
    (ch) => ch.unbindExchange('y', 'x', 'bound'),
    ['write', 'exchange', 'y'],
    ['read', 'exchange', 'x'],
  ],
  ['basic.get', (ch) => ch.get('q'), ['read', 'queue', 'q']],
  ['basic.consume', (ch) => ch.consume('q', () => undefined), ['read', 'queue', 'q']],
  ['basic.publish', (ch) => publish(ch, 'x', 'k'), ['write', 'exchange', 'x']],
  [
    'basic.publish to the default exchange',
    (ch) => publish(ch, '', 'q'),
    ['write', 'exchange', 'amq.default'],
  ],
  [
    'basic.publish to one of the broker’s own',
    (ch) => publish(ch, 'amq.fanout', ''),
    ['write', 'exchange', 'amq.fanout'],
  ],
]

describe('rights', () => {
  for (const [name, action, ...rights] of cases) {
    it(`${name} needs ${rights.map(([operation, , on]) => `${operation} on ${on}`).join(', ')}`, async () => {
      for (const missing of rights) {
        await grant(rights.filter((right) => right !== missing))
        assert.equal(await attempt(action), refusal(missing), `without ${missing.join(' ')}`)
      }
      await grant(rights)
      assert.equal(await attempt(action), undefined)
    })
  }

  for (const [name, action, ...rights] of cases) {
    it(`${name} with and without each right`, async () => {
      for (const granted of subsets) {
        await reset()
        await grantEverywhere(granted)
        const missing = rights.find(([operation]) => !granted.includes(operation))
        const expected = missing && refusal(missing)
        assert.equal(await attempt(action), expected, `with ${granted.join()}`)
      }
    })
  }

  it('a passive declaration with and without each right', async () => {
    for (const granted of subsets) {
      await grantEverywhere(granted)
      const isRefused = granted.length === 0
      const queue = isRefused ? refusal(['configure', 'queue', 'q']) : undefined
      assert.equal(await attempt((ch) => ch.checkQueue('q')), queue, `with ${granted.join()}`)
      const exchange = isRefused ? refusal(['configure', 'exchange', 'x']) : undefined
      assert.equal(await attempt((ch) => ch.checkExchange('x')), exchange, `with ${granted.join()}`)
    }
  })

  for (const operation of operations) {
    it(`a passive declaration needs any right, such as ${operation}`, async () => {
      await grant([
        [operation, 'queue', 'q'],
        [operation, 'exchange', 'x'],
      ])
      assert.equal(await attempt((ch) => ch.checkQueue('q')), undefined)
      assert.equal(await attempt((ch) => ch.checkExchange('x')), undefined)
      const [queue, exchange] = ['queue', 'exchange'] as const
      const refusedQueue = refusal(['configure', queue, 'dlq'])
      assert.equal(await attempt((ch) => ch.checkQueue('dlq')), refusedQueue)
      const refusedExchange = refusal(['configure', exchange, 'y'])
      assert.equal(await attempt((ch) => ch.checkExchange('y')), refusedExchange)
    })
  }

  it('what is not there is refused before it is missing', async () => {
    assert.equal(await attempt((ch) => publish(ch, 'no', '')), refusal(['write', 'exchange', 'no']))
    assert.equal(await attempt((ch) => ch.get('no')), refusal(['read', 'queue', 'no']))
    await grant([['write', 'exchange', 'no']])
    const missing = "NOT_FOUND - no exchange 'no' in vhost '/'"
    assert.equal(await attempt((ch) => publish(ch, 'no', '')), missing)
  })

  it('a name that the broker makes up has to be permitted as well', async () => {
    const refused = await attempt((ch) => ch.assertQueue(''))
    assert.match(String(refused), /^ACCESS_REFUSED - configure access to queue 'amq\.gen-/)
    const patterns = { configure: String.raw`^amq\.gen`, write: '', read: '' }
    await keeper.setPermission({ user: userName, vhost: '/', ...patterns })
    assert.equal(await attempt((ch) => ch.assertQueue('')), undefined)
  })

  it('reserved names and the default exchange are refused whatever the rights', async () => {
    await keeper.setPermission({
      user: userName,
      vhost: '/',
      configure: 'a',
      write: '.',
      read: '.',
    })
    const reserved = "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"
    assert.equal(await attempt((ch) => ch.assertQueue('amq.mine')), reserved)
    const system =
      "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed"
    assert.equal(await attempt((ch) => ch.deleteExchange('amq.direct')), system)
    const unbindable = 'ACCESS_REFUSED - operation not permitted on the default exchange'
    assert.equal(await attempt((ch) => ch.bindQueue('q', '', 'k')), unbindable)
  })

  it('methods on no queue or exchange need none', async () => {
    assert.equal(
      await attempt(async (ch) => {
        await ch.prefetch(3)
        await ch.recover()
        await ch.cancel('nobody')
      }),
      undefined,
    )
  })
})

describe('topic permissions', () => {
  const place = { user: userName, vhost: '/', exchange: 't' }
  const topicRefusal = (operation: Operation, key: string): string =>
    `ACCESS_REFUSED - ${operation} access to topic '${key}' in exchange 't' in vhost '/' refused for user '${userName}'`

  beforeEach(async () => {
    await grantEverywhere(['write', 'read'])
    await keeper.setTopicPermission({ ...place, write: '^{username}\\.', read: '^{vhost}news' })
  })

  it('say which routing keys may be published, copies included', async () => {
    assert.equal(await attempt((ch) => publish(ch, 't', 'app.a')), undefined)
    assert.equal(
      await attempt((ch) => publish(ch, 't', 'other.a')),
      topicRefusal('write', 'other.a'),
    )
    const withCopy = async (ch: Channel): Promise<void> => {
      ch.publish('t', 'app.a', Buffer.from('m'), { CC: ['other.b'] })
      await ch.prefetch(1)
    }
    assert.equal(await attempt(withCopy), topicRefusal('write', 'other.b'))
    assert.equal(await attempt((ch) => publish(ch, 'x', 'other.a')), undefined)
  })

  it('say which routing keys may be bound', async () => {
    assert.equal(await attempt((ch) => ch.bindQueue('q', 't', '/news.#')), undefined)
    assert.equal(await attempt((ch) => ch.bindQueue('q', 't', '#')), topicRefusal('read', '#'))
    assert.equal(await attempt((ch) => ch.unbindQueue('q', 't', '#')), topicRefusal('read', '#'))
    assert.equal(await attempt((ch) => ch.bindExchange('y', 't', 'a')), topicRefusal('read', 'a'))
  })
})

describe('changes on open connections', () => {
  it('a right that is taken or given counts at once', async () => {
    await grant([['write', 'exchange', 'x']])
    const connection = await open()
    const channel = await connection.createChannel()
    await publish(channel, 'x', 'k')
    await grant([])
    const failed = once(channel, 'error')
    channel.publish('x', 'k', Buffer.from('m'))
    const [error] = (await failed) as [Error]
    assert.match(error.message, /write access to exchange 'x' in vhost '\/' refused for user 'app'/)
    await grant([['write', 'exchange', 'x']])
    await publish(await connection.createChannel(), 'x', 'k')
    await connection.close()
  })

  it('a consumer goes on without its right, and settles what it gets', async () => {
    await grant([['read', 'queue', 'q']])
    const connection = await open()
    const channel = await connection.createChannel()
    const bodies: string[] = []
    const arrived = new EventEmitter()
    await channel.consume('q', (message) => {
      if (message === null) return
      bodies.push(message.content.toString())
      channel.ack(message)
      arrived.emit('message')
    })
    await grant([])
    const others = await all.createChannel()
    for (const body of ['a', 'b']) {
      const next = once(arrived, 'message')
      others.sendToQueue('q', Buffer.from(body))
      await next
    }
    // It has been acked, and the channel is open still.
    await channel.recover()
    await connection.close()
    assert.deepEqual(bodies, ['a', 'b'])
    assert.equal((await others.checkQueue('q')).messageCount, 0)
    await others.close()
  })

  it('topic permissions that are set or taken count at once', async () => {
    await grant([['write', 'exchange', 't']])
    const connection = await open()
    const channel = await connection.createChannel()
    await publish(channel, 't', 'a')
    const place = { user: userName, vhost: '/', exchange: 't' }
    await keeper.setTopicPermission({ ...place, write: '^b', read: '' })
    const failed = once(channel, 'error')
    channel.publish('t', 'a', Buffer.from('m'))
    const [error] = (await failed) as [Error]
    assert.match(error.message, /write access to topic 'a' in exchange 't' in vhost '\/' refused/)
    await keeper.clearTopicPermissions([...broker.broker.access.topicPermissions()])
    await publish(await connection.createChannel(), 't', 'a')
    await connection.close()
  })

  it('without permissions left nothing may be done, and nobody comes in', async () => {
    await grant([['read', 'queue', 'q']])
    const connection = await open()
    await keeper.clearPermission(userName, '/')
    const channel = await connection.createChannel()
    const failed = once(channel, 'error')
    void channel.get('q').catch(() => undefined)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /read access to queue 'q' in vhost '\/' refused for user 'app'/)
    await connection.close()
    const refused = "NOT_ALLOWED - access to vhost '/' refused for user 'app'"
    assert.equal(await refusedAt('/'), refused)
  })

  it('a user who is deleted is out', async () => {
    const connection = await open()
    const failed = once(connection, 'close')
    await keeper.deleteUsers([userName])
    const [error] = (await failed) as [Error]
    assert.match(
      error.message,
      /320 \(CONNECTION-FORCED\).*"CONNECTION_FORCED - user 'app' is deleted"/,
    )
    await assert.rejects(open(), /403 \(ACCESS-REFUSED\)/)
  })

  it('a virtual host that is deleted takes all in it along, and its connections', async () => {
    await keeper.putVHost('v', {})
    await grantAll('v')
    const connection = await open('v')
    const channel = await connection.createChannel()
    await channel.assertQueue('q', { durable: true })
    await channel.assertQueue('mine', { exclusive: true })
    await channel.assertQueue('s', { durable: true, arguments: { 'x-queue-type': 'stream' } })
    await channel.assertExchange('x', 'fanout')
    await channel.bindQueue('q', 'x', '')
    await publish(channel, 'x', '')
    const failed = once(connection, 'close')
    await keeper.deleteVHost('v')
    const [error] = (await failed) as [Error]
    assert.match(error.message, /"CONNECTION_FORCED - vhost 'v' is deleted"/)
    assert.equal(await refusedAt('v'), 'NOT_ALLOWED - vhost v not found')
    await keeper.putVHost('v', {})
    assert.match(await refusedAt('v'), /access to vhost 'v' refused for user 'app'$/)
    await grantAll('v')
    const again = await open('v')
    const check = await again.createChannel()
    check.on('error', () => undefined)
    await assert.rejects(check.checkQueue('q'), /no queue 'q' in vhost 'v'/)
    await again.close()
    await keeper.deleteVHost('v')
  })
})

describe('limits', () => {
  it('of a user: connections and channels', async () => {
    const user = broker.broker.access.findUser(userName)
    assert.ok(user)
    await keeper.limitUser(user, { 'max-connections': 1, 'max-channels': 1 })
    const connection = await open()
    assert.match(
      await refusedAt('/'),
      /connection refused for user 'app': user connection limit \(1\) is reached/,
    )
    await connection.createChannel()
    const failed = once(connection, 'error')
    void connection.createChannel().catch(() => undefined)
    const [error] = (await failed) as [Error]
    const text =
      /number of channels opened for user 'app' has reached the maximum allowed user limit of 1/
    assert.match(error.message, text)
  })

  it('of a virtual host: connections and queues', async () => {
    await keeper.putVHost('v', { limits: { 'max-connections': 1, 'max-queues': 1 } })
    await grantAll('v')
    const connection = await open('v')
    const refused = /access to vhost 'v' refused for user 'app': connection limit \(1\) is reached/
    assert.match(await refusedAt('v'), refused)
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    await channel.assertQueue('a')
    await channel.assertQueue('a')
    const full = /406.*cannot declare queue 'b': queue limit in vhost 'v' \(1\) is reached/
    await assert.rejects(channel.assertQueue('b'), full)
    await connection.close()
    await keeper.deleteVHost('v')
  })

  it('a queue without a type is of the type of its virtual host, where it can be', async () => {
    await keeper.putVHost('v', { defaultQueueType: 'quorum' })
    const { broker: inside } = broker
    const typeOf = (name: string): string | undefined =>
      inside.findVHost('v')?.findQueue(name)?.type
    await keeper.setPermission({ user: userName, vhost: 'v', configure: '.*', write: '', read: '' })
    const connection = await open('v')
    const channel = await connection.createChannel()
    await channel.assertQueue('a')
    await channel.assertQueue('a', { arguments: { 'x-queue-type': 'quorum' } })
    await channel.assertQueue('mine', { exclusive: true })
    await channel.assertQueue('c', { arguments: { 'x-queue-type': 'classic' } })
    assert.deepEqual(['a', 'mine', 'c'].map(typeOf), ['quorum', 'classic', 'classic'])
    await connection.close()
    await keeper.deleteVHost('v')
  })
})
