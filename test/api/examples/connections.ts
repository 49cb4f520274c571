// Connections, channels and consumers, of an AMQP client that is open while they are asked for.
import assert from 'node:assert/strict'
import { type Channel, type ChannelModel, connect } from 'amqplib'
import type { ConnectionJson } from '../../../src/admin/v1/connections/connection-json.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

/** Of the client; its connection is another one each time that somebody has closed it. */
const names = { connection: '', channel: '', user: 'management', id: '' }
let client: ChannelModel | undefined
let channel: Channel | undefined
/** Its consumer, which somebody may have cancelled. */
const consumer = { connection: '', channel: 1, tag: '' }
const queueNames = { name: '' }

interface Listed {
  readonly name: string
  readonly user: string
}

async function openClient(api: ApiUnderTest): Promise<void> {
  if (client !== undefined && (await findNames(api))) {
    if (((await api.make('GET', '/consumers')) as readonly unknown[]).length === 0) await consume()
    return
  }
  await api.make('PUT', '/users/management', { password: 'management', tags: 'management' })
  const all = { configure: '.*', write: '.*', read: '.*' }
  await api.make('PUT', '/permissions/%2F/management', all)
  client = await connect(`amqp://management:management@127.0.0.1:${api.portOf('amqp')}`)
  client.on('error', () => undefined).once('close', () => (client = undefined))
  channel = await client.createChannel()
  channel.on('error', () => undefined)
  const { queue } = await channel.assertQueue('', { exclusive: true })
  queueNames.name = queue
  await consume()
  await waitFor('the client is listed', () => findNames(api))
}

async function consume(): Promise<void> {
  const { consumerTag } = await channel!.consume(queueNames.name, () => undefined)
  consumer.tag = consumerTag
}

async function findNames(api: ApiUnderTest): Promise<boolean> {
  const isOwn = ({ user }: Listed): boolean => user === names.user
  const connections = (await api.make('GET', '/connections')) as readonly Listed[]
  const channels = (await api.make('GET', '/channels')) as readonly Listed[]
  names.connection = connections.find(isOwn)?.name ?? ''
  const own = (await api.make('GET', '/v1/connections')) as readonly ConnectionJson[]
  names.id = String(own.find(({ name }) => name === names.connection)?.id ?? '')
  names.channel = channels.find(isOwn)?.name ?? ''
  consumer.connection = names.connection
  return names.channel !== ''
}

const list: Example = {
  status: 200,
  before: openClient,
  check: (listed: readonly unknown[]) => assert.equal(listed.length, 1),
}
const one: Example = { status: 200, names, before: openClient }

export const connectionExamples: Examples = {
  'GET /connections': list,
  'GET /vhosts/{vhost}/connections': list,
  'GET /connections/{connection}': one,
  'GET /v1/connections': {
    status: 200,
    before: openClient,
    check: (listed: readonly ConnectionJson[]) =>
      assert.ok(listed.some(({ protocol }) => protocol === 'AMQP 0-9-1')),
  },
  'GET /v1/connections/{id}': { status: 200, names, before: openClient },
  'GET /v1/usage': {
    status: 200,
    query: { vhost: '/' },
    before: openClient,
    check: (usage: object) => assert.deepEqual(usage, { connections: 1, channels: 1 }),
  },
  'POST /v1/connections/close': {
    status: 200,
    body: { connections: [1_000_000], reason: 'for a test' },
    check: ({ refused }: { readonly refused: readonly unknown[] }) =>
      assert.equal(refused.length, 1),
  },
  'DELETE /connections/{connection}': { ...one, status: 204 },
  'GET /connections/{connection}/channels': { ...one, ...list },
  'GET /connections/{connection}/sessions': { ...one, status: 400 },
  'GET /connections/username/{user}': { ...one, missing: 'none' },
  'DELETE /connections/username/{user}': { ...one, status: 204, missing: 'none' },
  'GET /channels': list,
  'GET /vhosts/{vhost}/channels': list,
  'GET /channels/{channel}': one,
  'POST /v1/streams/{vhost}/{name}/consumers/cancel': {
    status: 204,
    before: openClient,
    names: queueNames,
    body: consumer,
  },
  'GET /consumers': list,
  'GET /consumers/{vhost}': list,
}
