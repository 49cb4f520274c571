// Sessions, subscriptions and retained messages, of an MQTT client whose session outlives its connection.
import assert from 'node:assert/strict'
import mqtt, { type MqttClient } from 'mqtt'
import type { FilterTestJson } from '../../../src/admin/v1/mqtt/filter-test-operation.ts'
import type { RetainedJson } from '../../../src/admin/v1/mqtt/retained-json.ts'
import type { TopicBranchJson } from '../../../src/admin/v1/mqtt/retained-operations.ts'
import type { SessionJson, SessionShownJson } from '../../../src/admin/v1/mqtt/session-json.ts'
import type {
  ListedSubscriptionJson,
  SharedGroupJson,
  SharedGroupShownJson,
} from '../../../src/admin/v1/mqtt/subscription-operations.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const clientId = 'thermostat 7/ü'
const topic = 'home/kitchen/t.set'
const group = '$share/workers/jobs/#'
let client: MqttClient | undefined

/** It is there, connected, and retains something. */
async function connect(api: ApiUnderTest): Promise<void> {
  await retain(api)
  const sessions = (await api.make('GET', '/v1/mqtt/sessions')) as readonly SessionJson[]
  const known = sessions.find(({ client_id: id }) => id === clientId)
  if (known?.connected === true && known.subscriptions === 3) return
  client?.end(true)
  await api.make('PUT', '/users/management', { password: 'management', tags: 'management' })
  const all = { configure: '.*', write: '.*', read: '.*' }
  await api.make('PUT', '/permissions/%2F/management', all)
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${api.portOf('mqtt')}`, {
    protocolVersion: 5,
    clientId,
    clean: true,
    username: 'management',
    password: 'management',
    reconnectPeriod: 0,
    properties: { sessionExpiryInterval: 3600 },
    will: { topic: 'home/status', payload: Buffer.from('gone'), qos: 1, retain: true },
  })
  client.on('error', () => undefined)
  await client.subscribeAsync({ 'home/#': { qos: 2, nl: true }, 'log/+': { qos: 0 } })
  await client.subscribeAsync(group, { qos: 1 })
  await waitFor('the session is listed', async () => {
    const listed = (await api.make('GET', '/v1/mqtt/sessions')) as readonly SessionJson[]
    return listed.some(({ subscriptions }) => subscriptions === 3)
  })
}

async function retain(api: ApiUnderTest): Promise<void> {
  const path = `/v1/mqtt/retained/%2F/${encodeURIComponent(topic)}`
  await api.make('PUT', path, { payload: '21.5', qos: 2 })
}

const chosen = { sessions: [{ vhost: '/', client_id: clientId }] }
const session = { names: { client_id: clientId }, before: connect } as const
const retained = { names: { topic }, before: retain } as const

interface Done {
  readonly done: readonly { readonly client_id: string; readonly subscriptions: number }[]
  readonly refused: readonly { readonly reason: string }[]
}

function onlyOf<T>(list: readonly T[], isIt: (each: T) => boolean): T {
  const found = list.filter(isIt)
  assert.equal(found.length, 1)
  return found[0]!
}

const changed: Example = {
  status: 200,
  before: connect,
  body: chosen,
  check: ({ done, refused }: Done) => {
    assert.deepEqual([done.length, done[0]?.client_id, refused], [1, clientId, []])
    assert.equal(done[0]?.subscriptions, 3)
  },
}

export const mqttExamples: Examples = {
  'GET /v1/mqtt/sessions': {
    status: 200,
    before: connect,
    query: { state: 'connected', sort: 'subscriptions' },
    check(list: readonly SessionJson[]) {
      const own = onlyOf(list, (each) => each.client_id === clientId)
      assert.deepEqual(
        [own.user, own.expiry_seconds, own.will],
        ['management', 3600, 'home/status'],
      )
      assert.equal(own.queue, `mqtt-subscription-${clientId}qos1`)
    },
  },
  'GET /v1/mqtt/sessions/{vhost}/{client_id}': {
    ...session,
    status: 200,
    check({ subscription_list: list, will_facts: will, may }: SessionShownJson) {
      const plain = onlyOf(list, ({ filter }) => filter === 'home/#')
      assert.deepEqual([plain.qos, plain.no_local, plain.group], [2, true, null])
      assert.equal(onlyOf(list, ({ filter }) => filter === group).group, 'workers')
      assert.deepEqual([will?.topic, will?.bytes, may.change], ['home/status', 4, true])
    },
  },
  'DELETE /v1/mqtt/sessions/{vhost}/{client_id}': { ...session, status: 204, as: 'management' },
  'POST /v1/mqtt/sessions/disconnect': changed,
  'POST /v1/mqtt/sessions/delete': changed,
  'GET /v1/mqtt/subscriptions': {
    status: 200,
    before: connect,
    query: { topic: 'home/kitchen' },
    check: (list: readonly ListedSubscriptionJson[]) =>
      assert.deepEqual(
        list.map(({ filter, client_id: id }) => [filter, id]),
        [['home/#', clientId]],
      ),
  },
  'GET /v1/mqtt/shared-groups': {
    status: 200,
    before: connect,
    check(list: readonly SharedGroupJson[]) {
      const { group: name, topic_filter: filter, members, connected } = onlyOf(list, () => true)
      assert.deepEqual([name, filter, members, connected], ['workers', 'jobs/#', 1, 1])
    },
  },
  'GET /v1/mqtt/shared-groups/{vhost}/{name}': {
    status: 200,
    names: { name: group },
    before: connect,
    check: ({ member_list: members }: SharedGroupShownJson) =>
      assert.deepEqual(
        members.map(({ client_id: id, qos }) => [id, qos]),
        [[clientId, 1]],
      ),
  },
  'GET /v1/mqtt/retained': {
    status: 200,
    before: retain,
    query: { filter: 'home/+/t.set', page: '1', payload: '2' },
    check({ items }: { readonly items: readonly RetainedJson[] }) {
      const { topic: found, payload, payload_bytes: size, qos } = onlyOf(items, () => true)
      assert.deepEqual([found, payload, size, qos], [topic, '21', 4, 2])
    },
  },
  'GET /v1/mqtt/retained/{vhost}/{topic}': {
    ...retained,
    status: 200,
    check: (message: Record<string, unknown>) => {
      const { payload, qos, routing_key: key, sees_payload: sees } = message
      assert.deepEqual([payload, qos, key, sees], ['21.5', 2, 'home.kitchen.t.set', true])
    },
  },
  'PUT /v1/mqtt/retained/{vhost}/{topic}': {
    names: { topic },
    status: 204,
    body: { payload: 'aGk=', payload_encoding: 'base64', qos: 0, properties: {} },
    missing: 'none',
  },
  'DELETE /v1/mqtt/retained/{vhost}/{topic}': { ...retained, status: 204 },
  'POST /v1/mqtt/retained/{vhost}/delete': {
    status: 200,
    before: retain,
    body: { filter: 'home/kitchen/#', dry_run: false },
    check: ({ topics, payload_bytes: size, examples }: Record<string, unknown>) =>
      assert.deepEqual([topics, size, examples], [1, 4, [topic]]),
  },
  'GET /v1/mqtt/topics/{vhost}': {
    status: 200,
    before: retain,
    query: { parent: 'home', page: '1', payload: '9' },
    check({ items }: { readonly items: readonly TopicBranchJson[] }) {
      const { name, topics, has_value: hasValue } = onlyOf(items, (each) => each.name === 'kitchen')
      assert.deepEqual([name, topics, hasValue], ['kitchen', 1, false])
    },
  },
  'POST /v1/mqtt/filter-test/{vhost}': {
    status: 200,
    before: connect,
    body: { filter: 'home/+/state', topic },
    check({ filter, topic: tested, match }: FilterTestJson) {
      assert.deepEqual([filter?.problem, filter?.topics, filter?.cautions], [null, 0, []])
      assert.deepEqual([tested?.retained, tested?.key_is_exact], [true, false])
      assert.equal(match?.matches, false)
      assert.match(
        match?.reason ?? '',
        /level 3 is 't\.set' in the topic and 'state' in the filter/,
      )
    },
  },
}
