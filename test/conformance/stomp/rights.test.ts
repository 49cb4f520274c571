// What users may do: RabbitMQ's permissions, asked as for AMQP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { askApi } from '../../support/stomp/ask-management.ts'
import type { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'

let broker: StompUnderTest
before(async () => {
  broker = await StompUnderTest.start({ httpPort: 0, vhosts: ['shop'] })
  const api = askApi(broker.portOf('http'))
  await api('PUT', '/users/app', { password: 'app', tags: '' })
  const own = '^(mine|stomp-subscription|amq\\.gen).*'
  await api('PUT', '/permissions/%2F/app', {
    configure: own,
    write: `${own}|^amq\\.topic$|^amq\\.default$`,
    read: `${own}|^amq\\.topic$`,
  })
  await api('PUT', '/topic-permissions/%2F/app', {
    exchange: 'amq.topic',
    write: '^{username}\\.',
    read: '^{username}\\.',
  })
})
after(() => broker[Symbol.asyncDispose]())

const app = { login: 'app', passcode: 'app' }

async function refusal(client: RawStomp): Promise<string> {
  const { headers, body } = await client.expect('ERROR')
  assert.equal(headers['message'], 'access_refused')
  await client.closed()
  return body
}

test('what the patterns allow is done', async () => {
  const client = await broker.client(app)
  await client.done('SEND', { destination: '/queue/mine-1', 'reply-to': '/temp-queue/a' }, 'x')
  await client.done('SUBSCRIBE', { destination: '/queue/mine-1', id: '1' })
  await client.done('SUBSCRIBE', { destination: '/topic/app.news', id: '2' })
  await client.done('SEND', { destination: '/topic/app.news' }, 'x')
})

for (const [name, command, headers, text] of [
  [
    'SEND to a queue that is to be made',
    'SEND',
    { destination: '/queue/other' },
    "configure access to queue 'other' in vhost '/' refused for user 'app'",
  ],
  [
    'SEND to an exchange',
    'SEND',
    { destination: '/exchange/amq.direct/k' },
    "write access to exchange 'amq.direct' in vhost '/' refused for user 'app'",
  ],
  [
    "SEND to a topic of somebody else's",
    'SEND',
    { destination: '/topic/bob.news' },
    "write access to topic 'bob.news' in exchange 'amq.topic' in vhost '/' refused for user 'app'",
  ],
  [
    "SUBSCRIBE to a topic of somebody else's",
    'SUBSCRIBE',
    { destination: '/topic/bob.news', id: '1' },
    "read access to topic 'bob.news' in exchange 'amq.topic' in vhost '/' refused for user 'app'",
  ],
  [
    'SUBSCRIBE to an exchange',
    'SUBSCRIBE',
    { destination: '/exchange/amq.direct/k', id: '1' },
    "read access to exchange 'amq.direct' in vhost '/' refused for user 'app'",
  ],
] as const) {
  test(`${name}: access_refused, and the connection ends`, async () => {
    const client = await broker.client(app)
    client.send(command, headers, 'x')
    assert.equal(await refusal(client), `ACCESS_REFUSED - ${text}`)
  })
}

test('SUBSCRIBE to a queue that may not be read: access_refused', async () => {
  const channel = await broker.session.channel()
  await channel.assertQueue('secret', { durable: true })
  const client = await broker.client(app)
  client.send('SUBSCRIBE', { destination: '/queue/secret', id: '1' })
  assert.match(await refusal(client), /read access to queue 'secret'/)
})

test('a queue of another connection alone: resource_locked', async () => {
  const channel = await broker.session.channel()
  await channel.assertQueue('locked', { exclusive: true })
  const client = await broker.client()
  client.send('SUBSCRIBE', { destination: '/amq/queue/locked', id: '1' })
  assert.equal((await client.expect('ERROR')).headers['message'], 'resource_locked')
})

test('host of a virtual host without permissions: ERROR Bad CONNECT', async () => {
  const client = await broker.stranger()
  client.login({ ...app, host: 'shop' })
  assert.equal((await client.expect('ERROR')).body, "Virtual host 'shop' access denied")
})

test('max-connections of a user: ERROR Bad CONNECT', async () => {
  const api = askApi(broker.portOf('http'))
  await api('PUT', '/users/few', { password: 'few', tags: '' })
  await api('PUT', '/permissions/%2F/few', { configure: '', write: '', read: '' })
  await api('PUT', '/user-limits/few/max-connections', { value: 1 })
  const few = { login: 'few', passcode: 'few' }
  await broker.client(few)
  const client = await broker.stranger()
  client.login(few)
  assert.equal(
    (await client.expect('ERROR')).body,
    'Connection refused: user connection limit reached',
  )
})

test('a user that is deleted: its connections end', async () => {
  const api = askApi(broker.portOf('http'))
  await api('PUT', '/users/gone', { password: 'gone', tags: '' })
  await api('PUT', '/permissions/%2F/gone', { configure: '', write: '', read: '' })
  const client = await broker.client({ login: 'gone', passcode: 'gone' })
  await api('DELETE', '/users/gone')
  assert.equal((await client.expect('ERROR')).headers['message'], 'connection_forced')
  await client.closed()
})

test('lists show connections of STOMP with their consumers, and can close them', async () => {
  const api = askApi(broker.portOf('http'))
  const client = await broker.client({ version: '1.1' })
  await client.done('SUBSCRIBE', { destination: '/queue/listed', id: 'seen', ack: 'client' })
  await client.done('SEND', { destination: '/queue/listed' }, 'x')
  await client.expect('MESSAGE')
  interface Listed {
    readonly name: string
    readonly protocol: string
    readonly user: string
  }
  const all = (await api('GET', '/connections')) as readonly Listed[]
  const [listed] = all.filter(({ protocol }) => protocol === 'STOMP 1.1')
  assert.equal(listed?.user, 'guest')
  const consumers = (await api('GET', '/consumers/%2F')) as readonly {
    readonly consumer_tag: string
    readonly queue: { readonly name: string }
    readonly ack_required: boolean
  }[]
  const own = consumers.filter(({ queue }) => queue.name === 'listed')
  assert.deepEqual(
    own.map((each) => [each.consumer_tag, each.ack_required]),
    [['T_seen', true]],
  )
  const name = encodeURIComponent(listed?.name ?? '')
  const [channel] = (await api('GET', `/connections/${name}/channels`)) as readonly {
    readonly number: number
    readonly messages_unacknowledged: number
  }[]
  assert.deepEqual([channel?.number, channel?.messages_unacknowledged], [1, 1])
  const one = (await api('GET', `/connections/${name}`)) as { readonly client_properties: unknown }
  assert.deepEqual(one.client_properties, { product: 'STOMP client' })
  await api('DELETE', `/connections/${name}`)
  assert.equal((await client.expect('ERROR')).headers['message'], 'connection_forced')
  await client.closed()
})
