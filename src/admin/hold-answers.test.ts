import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { statusOf } from '../../test/support/broker-status.ts'
import { openManagedBroker } from '../../test/support/managed-broker.ts'
import { ServingGate } from '../lib/serving-gate.ts'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { ApiVariables } from './api/api.ts'
import type { BrokerState } from './broker-status.ts'
import { holdAnswers } from './hold-answers.ts'
import { createRoutes } from './routes.ts'

const { frozenHttpMsMax } = networkLimits

interface Fixture {
  readonly clock: VirtualClock
  readonly gate: ServingGate
  readonly routes: Hono<ApiVariables>
  doneCount: number
}

/** Routes that wait for a shut gate. */
function fixture(): Fixture {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  const routes = new Hono<ApiVariables>()
  const made: Fixture = { clock, gate, routes, doneCount: 0 }
  routes.use('/api/*', holdAnswers(gate, clock))
  routes.get('/api/done', (context) => {
    made.doneCount++
    return context.json({ isDone: true })
  })
  // What does it finds the gate shut when it has ended.
  routes.get('/api/late', (context) => {
    clock.pass(1000)
    return context.json({ isDone: true })
  })
  routes.get('/api/stream', (context) => {
    const encoder = new TextEncoder()
    const pieces = ['one,', 'two,', 'three']
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const piece = pieces.shift()
          if (piece === undefined) controller.close()
          else controller.enqueue(encoder.encode(piece))
        },
      },
      { highWaterMark: 0 },
    )
    return context.body(body)
  })
  return made
}

async function settled(): Promise<void> {
  await new Promise(setImmediate)
}

test('a request waits until the node serves, and is not done before', async () => {
  const made = fixture()
  const asked = made.routes.request('/api/done')
  await settled()
  assert.equal(made.doneCount, 0)
  made.gate.openUntil(1000)
  assert.equal((await asked).status, 200)
  assert.equal(made.doneCount, 1)
})

test('it is refused when that takes too long, to come again', async () => {
  const made = fixture()
  const asked = made.routes.request('/api/done')
  await settled()
  made.clock.advance(frozenHttpMsMax)
  const answer = await asked
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1'])
  assert.equal(made.doneCount, 0)
  assert.equal(made.clock.timerCount, 0)
})

test('an answer that was made too late leaves when the node serves, or says that nobody knows', async () => {
  const { clock, gate, routes } = fixture()
  gate.openUntil(500)
  const good = routes.request('/api/late')
  await settled()
  gate.openUntil(2000)
  assert.equal((await good).status, 200)
  const bad = routes.request('/api/late')
  await settled()
  clock.advance(frozenHttpMsMax)
  const answer = await bad
  assert.equal(answer.status, 504)
  assert.match(((await answer.json()) as { reason: string }).reason, /not known/)
})

test('what is sent piece by piece stops between two of them', async () => {
  const { clock, gate, routes } = fixture()
  gate.openUntil(500)
  const { body } = await routes.request('/api/stream')
  const reader = body?.getReader()
  assert(reader)
  const next = async (): Promise<string> =>
    Buffer.from((await reader.read()).value ?? []).toString()
  assert.equal(await next(), 'one,')
  clock.pass(500)
  let rest = ''
  // One may have been asked for while the gate was open.
  const reading = (async () => {
    for (let piece = await next(); piece !== ''; piece = await next()) rest += piece
  })()
  await settled()
  await settled()
  assert.notEqual(rest, 'two,three')
  gate.openUntil(1500)
  await reading
  assert.equal(rest, 'two,three')
})

test('a stream of a node that is over ends with an error', async () => {
  const { clock, gate, routes } = fixture()
  gate.openUntil(500)
  const { body } = await routes.request('/api/stream')
  assert(body)
  clock.pass(500)
  gate.lose()
  await assert.rejects(new Response(body).text(), /lost touch with PostgreSQL/)
})

test('health, status and what is wrong are told at any time', async () => {
  const management = openManagedBroker()
  const gate = new ServingGate(new VirtualClock())
  const state: BrokerState = 'frozen'
  const hosts = new Set(['localhost'])
  const routes = createRoutes({
    source: { status: () => statusOf(state) },
    management: { ...management, figures: () => statusOf(state) },
    gate,
    hosts,
    isOwner: true,
  })
  const ask = async (path: string): Promise<Response> => routes.request(`http://localhost${path}`)
  assert.equal((await ask('/health/live')).status, 200)
  const ready = await ask('/health/ready')
  assert.deepEqual([ready.status, await ready.json()], [503, { status: 'frozen' }])
  assert.match(await (await ask('/api/status')).text(), /"state":"frozen"/)
  const home = await ask('/api/v1/home')
  assert.equal(home.status, 200)
  assert.match(await home.text(), /PostgreSQL does not answer this node/)
})
