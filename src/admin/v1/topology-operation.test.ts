import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { SessionActor } from '../../../test/support/session-actor.ts'
import type { TopologyJson } from './topology-operation.ts'

let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  routes = createOwnersRoutes(openManagedBroker())
})

async function make(...requests: readonly (readonly [string, unknown?])[]): Promise<void> {
  for (const [request, body = {}] of requests) {
    const [status] = await askApi(routes, request, body)
    assert.ok(status < 300, `${request}: ${status}`)
  }
}

async function draw(query = ''): Promise<TopologyJson> {
  const [status, answer] = await askApi(routes, `GET /v1/topology/%2F?${query}`)
  assert.equal(status, 200, JSON.stringify(answer))
  return answer as TopologyJson
}

const edgesOf = ({ edges }: TopologyJson): string[] =>
  edges.map(({ kind, from, to }) => `${from} ${kind} ${to}`).toSorted()

test('exchanges, queues and what leads where are drawn with what is wrong with them', async () => {
  const dead = { 'x-dead-letter-exchange': 'gone', 'x-dead-letter-routing-key': 'k' }
  const retried = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'new' }
  await make(
    ['PUT /exchanges/%2F/orders', { type: 'topic', arguments: { 'alternate-exchange': 'rest' } }],
    ['PUT /exchanges/%2F/rest', { type: 'fanout', durable: true }],
    ['PUT /exchanges/%2F/unused', { type: 'fanout' }],
    ['PUT /queues/%2F/new', { arguments: dead }],
    ['PUT /queues/%2F/retry', { arguments: retried }],
    ['PUT /queues/%2F/unused'],
    ['PUT /queues/%2F/tasks', { durable: true }],
    ['POST /bindings/%2F/e/orders/q/new', { routing_key: 'order.*' }],
    ['POST /bindings/%2F/e/orders/q/new', { routing_key: 'order.new.#' }],
    ['POST /v1/streams/%2F/tasks/messages', { messages: [{ payload: 'x' }] }],
    [
      'POST /exchanges/%2F/rest/publish',
      { routing_key: 'a', properties: {}, payload: 'x', payload_encoding: 'string' },
    ],
  )
  const drawing = await draw()
  assert.deepEqual(edgesOf(drawing), [
    'exchange: default queue:tasks',
    'exchange:orders alternate exchange:rest',
    'exchange:orders binding queue:new',
    'queue:new dead_letter exchange:gone',
    'queue:retry dead_letter queue:new',
  ])
  const flagsOf = (id: string): unknown => drawing.nodes.find((node) => node.id === id)?.flags
  assert.deepEqual(flagsOf('exchange:rest'), ['unbound', 'unroutable'])
  assert.deepEqual(flagsOf('exchange:gone'), ['missing'])
  assert.deepEqual(flagsOf('queue:tasks'), ['no_consumers', 'unbound'])
  assert.deepEqual(
    drawing.isolated.map(({ id }) => id),
    ['queue:unused', 'exchange:unused'],
  )
  const folded = drawing.edges.find(({ kind }) => kind === 'binding')
  assert.deepEqual(
    folded?.bindings.map(({ routing_key: key }) => key),
    ['order.*', 'order.new.#'],
  )
  assert.deepEqual([drawing.left_off, drawing.isolated_count], [0, 2])
})

test('sessions of MQTT hang at the exchange of topics, and their clients read them', async () => {
  const managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  const sessions = managed.mqtt.sessions?.of(managed.broker.getVHost('/'))
  assert.ok(sessions)
  const actor = new SessionActor(sessions, 'device')
  actor.connect()
  actor.subscribe('a/+')
  actor.subscribe('$share/g/b')
  const drawing = await draw()
  assert.deepEqual(edgesOf(drawing), [
    'exchange:amq.topic binding queue:$share/g/b',
    'exchange:amq.topic binding queue:mqtt-subscription-deviceqos1',
    'queue:$share/g/b read client:device',
    'queue:mqtt-subscription-deviceqos1 read client:device',
  ])
  const edge = drawing.edges.find(({ to }) => to === 'queue:mqtt-subscription-deviceqos1')
  assert.equal(edge?.bindings[0]?.routing_key, 'a.*')
  assert.deepEqual(drawing.totals, {
    exchanges: 7,
    queues: 2,
    topics: 0,
    bindings: 2,
    clients: 1,
    groups: 0,
  })
  const flags = drawing.nodes.flatMap((node) => node.flags)
  assert.ok(!flags.includes('unbound') && !flags.includes('no_consumers'), flags.join())
})

test('what waits for clients of MQTT, or is retained for them, is nothing that nobody consumes', async () => {
  const managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  const sessions = managed.mqtt.sessions?.of(managed.broker.getVHost('/'))
  assert.ok(sessions)
  const actor = new SessionActor(sessions, 'device')
  actor.connect({ expiryMs: 60_000 })
  actor.subscribe('a/+')
  actor.leave()
  await make([
    'POST /exchanges/%2F/amq.topic/publish',
    {
      routing_key: 'a.b',
      properties: { delivery_mode: 2, headers: { 'x-mqtt-retain': true } },
      payload: 'x',
      payload_encoding: 'string',
    },
  ])
  const { nodes } = await draw()
  const waiting = nodes.filter(({ kind, messages }) => kind === 'queue' && messages > 0)
  assert.deepEqual(waiting.map(({ name }) => name).toSorted(), [
    'mqtt-retained',
    'mqtt-subscription-deviceqos1',
  ])
  assert.ok(!waiting.some(({ flags }) => flags.includes('no_consumers')))
})

test('around a thing only what is near it is drawn, whatever is in its name', async () => {
  await make(
    ['PUT /exchanges/%2F/a', { type: 'fanout' }],
    ['PUT /exchanges/%2F/b', { type: 'fanout' }],
    ['PUT /queues/%2F/%C3%BC%2Bq'],
    ['POST /bindings/%2F/e/a/e/b', {}],
    ['POST /bindings/%2F/e/b/q/%C3%BC%2Bq', {}],
  )
  const near = await draw('around=queue:%C3%BC%2Bq&steps=1')
  assert.deepEqual(edgesOf(near), ['exchange:b binding queue:ü+q'])
  assert.equal(near.nodes.find(({ id }) => id === 'exchange:b')?.hidden, 1)
  assert.equal(near.left_off, 1)
  const far = await draw('around=queue:%C3%BC%2Bq&steps=2')
  assert.deepEqual([far.nodes.length, far.left_off], [3, 0])
  for (const nowhere of ['queue:none', 'x', '', '%zz', 'client:none']) {
    const [status] = await askApi(routes, `GET /v1/topology/%2F?around=${nowhere}`)
    assert.equal(status, 404, nowhere)
  }
})

test('of many things those that count most are drawn, each with what leads to it', async () => {
  await make(['PUT /exchanges/%2F/hub', { type: 'direct' }])
  for (let index = 0; index < 60; index++) {
    await make([`PUT /queues/%2F/q${index}`], [`POST /bindings/%2F/e/hub/q/q${index}`])
  }
  await make(['POST /v1/streams/%2F/q59/messages', { messages: [{ payload: 'x' }] }])
  const drawing = await draw('count=10')
  const ids = drawing.nodes.map(({ id }) => id)
  assert.ok(ids.includes('queue:q59') && ids.includes('exchange:hub'))
  assert.ok(ids.length <= 10)
  const hub = drawing.nodes.find(({ id }) => id === 'exchange:hub')
  assert.equal((hub?.hidden ?? 0) + drawing.edges.length, 60)
  assert.equal(drawing.left_off, 61 - ids.length)
})

test('many patterns of many words are compared in slices: the broker goes on meanwhile', async () => {
  const body = {
    patterns: Array.from({ length: 40 }, () => `${'#.*.'.repeat(60)}z`),
    routing_keys: Array.from({ length: 40 }, () => 'a.'.repeat(120)),
  }
  let turns = 0
  let next = setImmediate(function count() {
    turns++
    next = setImmediate(count)
  })
  const [status] = await askApi(routes, 'POST /v1/topic-test', body)
  clearImmediate(next)
  assert.equal(status, 200)
  assert.ok(turns > 20, `${turns} turns`)
})
