// Who sees and changes sessions and retained messages, and how RabbitMQ's tools see subscriptions.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../../test/support/managed-broker.ts'
import { SessionActor } from '../../../../test/support/session-actor.ts'
import type { VHostSessions } from '../../../broker/session/vhost-sessions.ts'
import type { Steps } from '../../../lib/slices.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
let sessions: VHostSessions
beforeEach(async () => {
  managed = openManagedBroker(['other'])
  routes = createOwnersRoutes(managed)
  sessions = (await managed.mqtt.openSessions()).of(managed.broker.getVHost('/'))
})

const ask = (request: string, body?: unknown): Promise<[number, unknown]> =>
  askApi(routes, request, body)

function as(user: string, ...tags: readonly string[]): typeof ask {
  const own = createRoutesAs(managed, { user, tags })
  return (request, body) => askApi(own, request, body)
}

async function addUser(user: string, permission: object, topics?: object): Promise<void> {
  await ask(`PUT /users/${user}`, { password: 'x', tags: 'management' })
  await ask(`PUT /permissions/%2F/${user}`, permission)
  if (topics !== undefined) await ask(`PUT /topic-permissions/%2F/${user}`, topics)
}

const everything = { configure: '.*', write: '.*', read: '.*' }

function connect(clientId: string, user: string): SessionActor {
  const actor = new SessionActor(sessions, clientId)
  actor.connect({ user })
  return actor
}

const idsOf = (list: unknown): string[] =>
  (list as readonly { readonly client_id: string }[]).map(({ client_id: id }) => id)

test('users see and change their own sessions, monitoring sees all', async () => {
  await addUser('ada', everything)
  await addUser('bob', everything)
  connect('hers', 'ada')
  connect('his', 'bob')
  assert.deepEqual(idsOf((await as('ada', 'management')('GET /v1/mqtt/sessions'))[1]), ['hers'])
  const monitoring = as('ada', 'monitoring')
  assert.deepEqual(idsOf((await monitoring('GET /v1/mqtt/sessions'))[1]), ['hers', 'his'])
  assert.equal((await as('ada', 'management')('GET /v1/mqtt/sessions/%2F/his'))[0], 401)
  const both = ['hers', 'his'].map((id) => ({ vhost: '/', client_id: id }))
  const [, changed] = await monitoring('POST /v1/mqtt/sessions/delete', { sessions: both })
  const { done, refused } = changed as { readonly done: unknown; readonly refused: unknown }
  assert.deepEqual(idsOf(done), ['hers'])
  const reason = 'only administrators change sessions of others'
  assert.deepEqual(refused, [{ vhost: '/', client_id: 'his', reason }])
  assert.equal((await as('ada', 'management')('DELETE /v1/mqtt/sessions/%2F/his'))[0], 401)
  assert.equal((await ask('DELETE /v1/mqtt/sessions/%2F/his'))[0], 204)
  assert.deepEqual(await ask('GET /v1/mqtt/sessions'), [200, []])
})

test('a dry run says what would go, and leaves it', async () => {
  const actor = connect('a', 'guest')
  actor.subscribe('x')
  const asked = { sessions: [{ vhost: '/', client_id: 'a' }], dry_run: true }
  for (const verb of ['disconnect', 'delete']) {
    const [status, { done }] = (await ask(`POST /v1/mqtt/sessions/${verb}`, asked)) as [
      number,
      { readonly done: readonly { readonly subscriptions: number }[] },
    ]
    assert.deepEqual([status, done[0]?.subscriptions], [200, 1])
  }
  assert.deepEqual([actor.ends, sessions.all.size], [[], 1])
})

test('subscriptions are bindings of RabbitMQ that nobody removes', async () => {
  const actor = connect('a', 'guest')
  actor.subscribe('x/+/#', { qos: 2, id: 5, noLocal: true })
  actor.subscribe('fast', { qos: 0 })
  actor.subscribe('$share/g/jobs/#')
  const queue = 'mqtt-subscription-aqos1'
  const own = {
    vhost: '/',
    source: 'amq.topic',
    destination: queue,
    destination_type: 'queue',
    routing_key: 'x.*.#',
    arguments: {
      'x-mqtt-subscription-opts': {
        id: 5,
        qos: 2,
        'no-local': true,
        'retain-as-published': false,
        'retain-handling': 0,
      },
      'x-binding-key': 'x.*.#',
    },
  }
  type Bindings = readonly (typeof own & { readonly properties_key: string })[]
  const list = async (path: string): Promise<Bindings> => (await ask(`GET ${path}`))[1] as Bindings
  const between = `/bindings/%2F/e/amq.topic/q/${queue}`
  const [{ properties_key: key, ...shown } = { properties_key: '' }] = await list(between)
  assert.deepEqual(shown, own)
  const from = await list('/exchanges/%2F/amq.topic/bindings/source')
  const ends = from.map(({ destination, routing_key: keyOfOne }) => [destination, keyOfOne])
  assert.deepEqual(ends, [
    [queue, 'x.*.#'],
    ['$share/g/jobs/#', 'jobs.#'],
  ])
  assert.equal((await list(`/queues/%2F/${queue}/bindings`)).length, 2)
  assert.equal((await list('/bindings')).length, 4)
  const [, stream] = await ask(`GET /v1/streams/%2F/${queue}`)
  const { bindings } = stream as { readonly bindings: readonly Record<string, unknown>[] }
  assert.deepEqual(bindings[0]?.['routing_key'], 'x.*.#')
  const one = `${between}/${encodeURIComponent(key)}`
  assert.equal((await ask(`GET ${one}`))[0], 200)
  const [status, refusal] = await ask(`DELETE ${one}`)
  assert.equal(status, 400)
  assert.match((refusal as { readonly reason: string }).reason, /a subscription of an MQTT client/)
})

test('what is retained is published, and seen by who may read its topic', async () => {
  const actor = connect('a', 'guest')
  actor.subscribe('home/#', { qos: 2, retainAsPublished: true })
  const set = (topic: string, payload: string): Promise<[number, unknown]> =>
    ask(`PUT /v1/mqtt/retained/%2F/${encodeURIComponent(topic)}`, { payload, qos: 2 })
  assert.equal((await set('home/a.b', '1'))[0], 204)
  assert.equal((await set('secret/x', '2'))[0], 204)
  for (const wrong of ['home/+', '$SYS/x', 'x'.repeat(256)])
    assert.equal((await set(wrong, ''))[0], 400)
  await new Promise(setImmediate)
  assert.deepEqual(
    actor.received.map(({ topic, text, isRetained, qos }) => [topic, text, isRetained, qos]),
    [['home/a.b', '1', true, 2]],
  )
  await addUser('ada', everything, { exchange: 'amq.topic', write: '^home\\.', read: '^home\\.' })
  const ada = as('ada', 'management')
  const topicsOf = (list: unknown): string[] =>
    (list as readonly { readonly topic: string }[]).map(({ topic }) => topic)
  assert.deepEqual(topicsOf((await ada('GET /v1/mqtt/retained'))[1]), ['home/a.b'])
  assert.equal((await ada('GET /v1/mqtt/retained/%2F/secret%2Fx'))[0], 401)
  assert.equal((await ada('DELETE /v1/mqtt/retained/%2F/secret%2Fx'))[0], 401)
  assert.equal((await ada('PUT /v1/mqtt/retained/%2F/secret%2Fx', { payload: '' }))[0], 401)
  const [, deleted] = await ada('POST /v1/mqtt/retained/%2F/delete', { filter: '#' })
  assert.deepEqual(deleted, { topics: 1, payload_bytes: 1, refused: 1, examples: ['home/a.b'] })
  assert.deepEqual(topicsOf((await ask('GET /v1/mqtt/retained'))[1]), ['secret/x'])
})

test('who may read nothing sees no retained message, but an administrator that there are some', async () => {
  await ask('PUT /v1/mqtt/retained/%2F/a', { payload: 'secret' })
  await addUser('eve', { configure: '', write: '.*', read: '' })
  const eve = as('eve', 'management')
  assert.deepEqual(await eve('GET /v1/mqtt/retained'), [200, []])
  assert.equal((await eve('GET /v1/mqtt/topics/%2F'))[0], 401)
  const [status, shown] = await as('eve', 'administrator')('GET /v1/mqtt/retained/%2F/a')
  const { payload, payload_bytes: size, sees_payload: sees } = shown as Record<string, unknown>
  assert.deepEqual([status, payload, size, sees], [200, undefined, 6, false])
  const path = 'GET /v1/mqtt/retained?page=1&payload=100'
  const [, page] = await as('eve', 'administrator')(path)
  const [row] = (page as { readonly items: readonly Record<string, unknown>[] }).items
  assert.deepEqual([row?.['topic'], row?.['payload']], ['a', null])
})

test('a search that finds nothing, or nothing that the caller sees, lets others go on', async () => {
  const topics = Array.from({ length: 1550 }, (_, index) => `home/${index}`)
  await Promise.all(
    topics.map((topic) =>
      ask(`PUT /v1/mqtt/retained/%2F/${encodeURIComponent(topic)}`, { payload: 'x' }),
    ),
  )
  await addUser('eve', { configure: '', write: '.*', read: '' })
  await addUser('ada', everything, { exchange: 'amq.topic', write: '', read: '^nothing$' })
  const { slices } = managed.broker
  const run = slices.run.bind(slices)
  let pauses = 0
  slices.run = <T>(steps: Steps<T>): Promise<T> => run(counted(steps))
  function* counted<T>(steps: Steps<T>): Steps<T> {
    for (let state = steps.next(); ; state = steps.next()) {
      if (state.done === true) return state.value
      pauses++
      yield state.value
    }
  }
  for (const [user, path] of [
    ['eve', 'GET /v1/mqtt/retained?page=1'],
    ['ada', 'GET /v1/mqtt/retained?page=1'],
    ['ada', 'GET /v1/mqtt/topics/%2F?page=1&parent=home'],
    ['guest', 'GET /v1/mqtt/retained?page=1&filter=home%2F%2B%2Fy'],
  ] as const) {
    pauses = 0
    const asUser = user === 'guest' ? ask : as(user, 'management')
    const [status, page] = await asUser(path)
    assert.deepEqual([status, (page as { readonly total_count: number }).total_count], [200, 0])
    assert.ok(pauses >= 3, `${path} of ${user}: ${pauses} pauses`)
  }
})

test('a level of the tree has names, counts and values, the empty level as well', async () => {
  for (const topic of ['a', 'a/b', 'a/b/c', '/x', '$own/y']) {
    await ask(`PUT /v1/mqtt/retained/%2F/${encodeURIComponent(topic)}`, { payload: topic })
  }
  const level = async (query: string): Promise<unknown> => {
    const [, page] = await ask(`GET /v1/mqtt/topics/%2F?page=1&payload=9${query}`)
    const { items } = page as { readonly items: readonly Record<string, unknown>[] }
    return items.map(({ name, topics, payload }) => [name, topics, payload])
  }
  assert.deepEqual(await level(''), [
    ['', 1, null],
    ['$own', 1, null],
    ['a', 3, 'a'],
  ])
  assert.deepEqual(await level('&parent='), [['x', 1, '/x']])
  assert.deepEqual(await level('&parent=a'), [['b', 2, 'a/b']])
  assert.deepEqual(await level('&parent=a/b/c'), [])
})

test('a topic has the subscriptions that the caller sees, and a number of others', async () => {
  await addUser('ada', everything)
  connect('hers', 'ada').subscribe('a/+')
  connect('his', 'bob').subscribe('#')
  const [, tested] = await as('ada', 'management')('POST /v1/mqtt/filter-test/%2F', {
    topic: 'a/b',
  })
  const { topic } = tested as {
    readonly topic: { readonly subscriptions: unknown; readonly others: number }
  }
  assert.deepEqual(idsOf(topic.subscriptions), ['hers'])
  assert.equal(topic.others, 1)
  assert.equal((await ask('POST /v1/mqtt/filter-test/%2F', {}))[0], 400)
  connect('one', 'guest').subscribe('$share/g/shared', { qos: 0 })
  const shared = async (): Promise<unknown> => {
    const [, answer] = await ask('POST /v1/mqtt/filter-test/%2F', { topic: 'shared' })
    const { subscriptions } = (answer as { topic: { subscriptions: unknown } }).topic
    return (subscriptions as readonly Record<string, unknown>[])
      .filter(({ group }) => group === 'g')
      .map(({ qos }) => qos)
  }
  assert.deepEqual(await shared(), [0])
  connect('two', 'guest').subscribe('$share/g/shared', { qos: 1 })
  assert.deepEqual(await shared(), [1])
})
