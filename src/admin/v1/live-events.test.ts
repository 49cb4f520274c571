import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { liveLimits } from '../../limits/live.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { ownerCaller } from '../api/caller.ts'
import { LiveConnections } from './live-connections.ts'
import { LiveEvents } from './live-events.ts'

let clock: VirtualClock
let connections: LiveConnections
/** What is answered by path. */
let answers: Map<string, () => Response>
/** Paths in the order in which they were asked for. */
let asked: string[]
let isLoggedIn: boolean
let stuckCount: number

beforeEach(() => {
  clock = new VirtualClock(1_000_000)
  connections = new LiveConnections(clock)
  answers = new Map([['/a', () => Response.json({ a: 1 })]])
  asked = []
  isLoggedIn = true
  stuckCount = 0
})

/** The events of a connection, read one by one. */
function open(...paths: readonly string[]): () => Promise<string | undefined> {
  const events = new LiveEvents({
    keys: paths.map((path) => ({ path, user: 'one', audience: 'one' })),
    clock,
    connections,
    caller: { ...ownerCaller, isCurrent: () => isLoggedIn },
    ask: async (path) => {
      asked.push(path)
      return answers.get(path)?.() ?? Response.json({ error: 'not_found' }, { status: 404 })
    },
    onStuck: () => stuckCount++,
  })
  const reader = events.stream.getReader()
  const next = async (): Promise<string | undefined> => {
    const { value } = await reader.read()
    return value && Buffer.from(value).toString()
  }
  return next
}

/** Whoever waits for something that is there by now has got it. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
}

async function begin(...paths: readonly string[]): Promise<() => Promise<string | undefined>> {
  const next = open(...paths)
  assert.equal(await next(), 'retry: 1000\n\n')
  assert.equal(await next(), `event: time\ndata: ${clock.now()}\n\n`)
  return next
}

const viewEvent = (data: string): string => `event: view\ndata: ${data}\n\n`

test('a view is sent at once, and again when it has changed', async () => {
  const next = await begin('/a')
  assert.equal(await next(), viewEvent('{"view":0,"status":200,"body":{"a":1}}'))
  const changed = next()
  await settle()
  clock.advance(liveLimits.everyMs)
  await settle()
  assert.equal(asked.length, 2)
  answers.set(
    '/a',
    () => new Response('{"a":\n2}', { headers: { 'content-type': 'application/json' } }),
  )
  clock.advance(liveLimits.everyMs)
  assert.equal(await changed, viewEvent('{"view":0,"status":200,"body":{"a": 2}}'))
})

test('each view has its status, whatever becomes of the others', async () => {
  answers.set('/text', () => new Response('x'))
  answers.set('/fault', () => {
    throw new Error('lost')
  })
  answers.set('/large', () => Response.json('x'.repeat(liveLimits.answerSizeMax)))
  answers.set('/none', () => new Response(null, { status: 404 }))
  const next = await begin('/none', '/text', '/fault', '/large', '/missing', '/a')
  const statuses: unknown[] = []
  for (let count = 0; count < 6; count++) {
    const [, json = ''] = /data: (.*)\n\n$/.exec((await next()) ?? '') ?? []
    const { view, status } = JSON.parse(json) as { view: number; status: number }
    statuses[view] = status
  }
  assert.deepEqual(statuses, [404, 400, 500, 413, 404, 200])
})

test('a view that takes long is made less often, and does not hold up the others', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  answers.set('/dear', () => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await promise
        controller.enqueue(Buffer.from('1'))
        controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/json' } })
  })
  const next = await begin('/dear', '/a')
  assert.match((await next()) ?? '', /"view":1/)
  const dear = next()
  await settle()
  clock.advance(200)
  resolve()
  assert.match((await dear) ?? '', /"view":0/)
  const later = next()
  await settle()
  asked = []
  for (let ms = 0; ms < 3500; ms += 100) {
    clock.advance(100)
    await settle()
  }
  assert.deepEqual(new Set(asked), new Set(['/a']))
  clock.advance(400)
  await settle()
  assert.ok(asked.includes('/dear'))
  void later
})

test('nothing is made while nobody reads, and who reads nothing for long is stuck', async () => {
  const next = await begin('/a')
  await next()
  for (let seconds = 0; seconds < 20; seconds++) {
    clock.advance(1000)
    await settle()
  }
  assert.equal(asked.length, 1)
  assert.equal(stuckCount, 0)
  clock.advance(liveLimits.stuckMs)
  assert.equal(stuckCount, 1)
})

test('who sees the same shares it: views are made once for all, and at first for each', async () => {
  const readers = [await begin('/a'), await begin('/a'), await begin('/a')]
  for (const next of readers) await next()
  assert.equal(asked.length, 3)
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await promise
      controller.enqueue(Buffer.from('2'))
      controller.close()
    },
  })
  answers.set('/a', () => new Response(slow, { headers: { 'content-type': 'application/json' } }))
  const changed = readers.map((next) => next())
  await settle()
  clock.advance(liveLimits.everyMs)
  await settle()
  resolve()
  const told = await Promise.all(changed)
  assert.deepEqual(new Set(told), new Set([viewEvent('{"view":0,"status":200,"body":2}')]))
  assert.equal(asked.length, 4)
})

test('many who come at once share the next one, and nobody gets what had begun before', async () => {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let begun = 0
  const ask = async (): Promise<Response> => {
    const count = begun++
    await steps[count]?.promise
    return Response.json(count)
  }
  const [source] = connections.sourceOf({ path: '/a', user: 'one', audience: 'one' }, ask)
  const before = source.make()
  await settle()
  const after = Array.from({ length: 10 }, () => source.make())
  const joined = source.join()
  for (const { resolve } of steps) resolve()
  const data = async (made: ReturnType<typeof source.make>): Promise<string> => (await made).data
  assert.equal(await data(before), '"status":200,"body":0')
  assert.equal(await data(joined), '"status":200,"body":0')
  for (const made of after) assert.equal(await data(made), '"status":200,"body":1')
  assert.equal(begun, 2)
})

test('of many views some are made at once, and the others in their turn', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const ask = async (path: string): Promise<Response> => {
    asked.push(path)
    await promise
    return Response.json(path)
  }
  const count = liveLimits.madeAtOnceMax + 2
  const made = Array.from({ length: count }, (_, index) => {
    const [source] = connections.sourceOf(
      { path: `/${index}`, user: 'one', audience: undefined },
      ask,
    )
    return source.make()
  })
  await settle()
  assert.equal(asked.length, liveLimits.madeAtOnceMax)
  const [gone, leave] = connections.sourceOf({ path: '/gone', user: 'one', audience: 'one' }, ask)
  const ofGone = gone.make()
  await settle()
  leave()
  resolve()
  await Promise.all([...made, ofGone])
  assert.equal(asked.length, count)
  assert.ok(!asked.includes('/gone'), 'nobody waits for it')
})

test('views of one user that take long leave those of others as often as they were', async () => {
  const ask = async (path: string): Promise<Response> => {
    if (path.startsWith('/dear')) clock.pass(100)
    return Response.json(path)
  }
  const sourceOf = (user: string, path: string): ReturnType<typeof connections.sourceOf>[0] =>
    connections.sourceOf({ path, user, audience: user }, ask)[0]
  const dear = Array.from({ length: 50 }, (_, index) => sourceOf('many', `/dear${index}`))
  for (const source of dear) await source.make()
  const restOf = async (source: (typeof dear)[0]): Promise<number> => {
    const { dueAt } = await source.make()
    return dueAt - clock.monotonic()
  }
  assert.equal(await restOf(sourceOf('one', '/a')), liveLimits.everyMs)
  const allMs = 2 * 50 * 100
  assert.equal(await restOf(dear[0]!), liveLimits.restFactorOfAll * allMs - 100)
})

test('the time is told every five seconds', async () => {
  const next = await begin()
  const time = next()
  await settle()
  clock.advance(liveLimits.timeMs)
  assert.equal(await time, 'event: time\ndata: 1005000\n\n')
})

test('it ends with the login and with the broker', async () => {
  const next = await begin('/a')
  await next()
  const last = next()
  await settle()
  isLoggedIn = false
  clock.advance(liveLimits.everyMs)
  assert.equal(await last, 'event: end\ndata: {"reason":"the login has ended"}\n\n')
  assert.equal(await next(), undefined)

  isLoggedIn = true
  const other = await begin('/a')
  await other()
  const end = other()
  await settle()
  connections.endAll('the broker stops')
  assert.equal(await end, 'event: end\ndata: {"reason":"the broker stops"}\n\n')
  assert.equal(connections.whyFull('any'), undefined)
  assert.equal(clock.timerCount, 0)
})

test('a user has some connections, and all together have more', () => {
  const { connectionsPerUserMax, connectionsMax } = liveLimits
  const add = (user: string): void => connections.add({ user, wake: () => undefined })
  for (let count = 0; count < connectionsPerUserMax; count++) add('one')
  assert.equal(connections.whyFull('one'), 'too many of the user')
  assert.equal(connections.whyFull('other'), undefined)
  for (let count = connectionsPerUserMax; count < connectionsMax; count++) add(`user ${count}`)
  assert.equal(connections.whyFull('other'), 'too many')
})
