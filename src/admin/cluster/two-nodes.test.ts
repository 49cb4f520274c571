import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { type Ask, TwoNodes } from '../../../test/support/two-nodes.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { systemClock } from '../../lib/clock.ts'
import { wait } from '../../lib/wait.ts'

/** Virtual hosts in all cells, each with two queues of its own. */
const places = [
  ['/', 0],
  ['a', 2],
  ['b', 1],
  ['c', 2],
] as const

const queues = places.flatMap(([vhost], index) => [
  { vhost, name: `q${index}`, durable: true },
  { vhost, name: `x${9 - index}`, durable: false },
])

async function filled(speed = 1): Promise<TwoNodes> {
  const two = new TwoNodes({ speed })
  for (const [vhost, cell] of places) if (vhost !== '/') two.addVHost(vhost, cell)
  for (const { vhost, name, durable } of queues) {
    const path = `/queues/${encodeURIComponent(vhost)}/${name}`
    const made = await two.ask(0, path, { method: 'PUT', body: { durable } })
    assert.equal(made.status, 201)
  }
  return two
}

test('a request goes to the cell of its virtual host, whichever node is asked', async () => {
  await using two = await filled()
  assert.equal(two.cells[2]!.broker.findVHost('a')?.findQueue('q1')?.isDurable, true)
  assert.equal(two.cells[0]!.broker.findVHost('/')?.queueCount, 2)
  for (const node of [0, 1]) {
    const shown = await two.json(node, '/queues/a/q1?columns=name,vhost')
    assert.deepEqual(shown, { name: 'q1', vhost: 'a' })
    assert.equal((await two.ask(node, '/queues/a/none')).status, 404)
    assert.equal((await two.ask(node, '/queues/nowhere/q')).status, 404)
  }
  const gone = await two.ask(0, '/queues/a/q1', { method: 'DELETE' })
  assert.equal(gone.status, 204)
  assert.equal(two.cells[2]!.broker.findVHost('a')?.findQueue('q1'), undefined)
})

test('a virtual host that is refused is nowhere, and one that another node has made stays', async () => {
  await using two = new TwoNodes()
  const put = (node: number, name: string, body: unknown): Promise<Response> =>
    two.ask(node, `/vhosts/${name}`, { method: 'PUT', body })
  const refused = await put(0, 'bad', { default_queue_type: 'x' })
  assert.equal(refused.status, 400)
  assert.match(await refused.text(), /invalid default_queue_type/)
  for (const body of ['[]', '{']) assert.equal((await put(1, 'bad', body)).status, 400)
  assert.equal(two.vhosts.has('bad'), false)
  for (let round = 0; round < 20; round++) {
    const name = `v${round}`
    const [good, bad] = await Promise.all([
      put(round % 2, name, { description: 'good' }),
      put((round + 1) % 2, name, { default_queue_type: 'x' }),
    ])
    assert.deepEqual([good.status, bad.status], [201, 400])
    assert.equal(two.vhosts.get(name), 2)
    assert.ok(two.cells[2]!.broker.findVHost(name))
  }
})

test('a body may name a virtual host that another node has just made', async () => {
  await using two = await filled()
  const make = (name: string): void => {
    two.cells[1]!.broker.vhosts.add(name)
    two.unheard.set(name, 1)
  }
  make('new')
  const asked = { vhost: 'new', exchange: '', routing_key: 'q' }
  const routed = await two.ask(0, '/v1/route-test', { method: 'POST', body: asked })
  assert.equal(routed.status, 200, await routed.text())
  make('newer')
  const streams = [{ vhost: 'newer', name: 'none' }]
  const done = await two.ask(0, '/v1/streams/delete', { method: 'POST', body: { streams } })
  assert.equal(two.vhosts.get('newer'), 1, await done.text())
})

test('a live view names those that do not answer', async () => {
  await using two = await filled(20)
  two.give(2, undefined)
  const stop = new AbortController()
  const view = encodeURIComponent('/queues?columns=name')
  const live = await two.ask(0, `/v1/live?view=${view}`, { signal: stop.signal })
  const reader = live.body!.getReader()
  let text = ''
  while (!text.includes('event: view')) {
    const { value = new Uint8Array() } = await reader.read()
    text += Buffer.from(value).toString()
  }
  assert.match(text, /data: \{"view":0,"status":200,"missing":\["cell 2"\],"body":\[/)
  await reader.cancel()
  stop.abort()
})

test('names of any bytes arrive as they were written', async () => {
  await using two = new TwoNodes()
  two.addVHost('a/..%?#', 2)
  for (const name of ['..', '%2F', 'x y', '%ff', 'ü']) {
    const path = `/queues/${encodeURIComponent('a/..%?#')}/${name === '..' ? '%2E%2E' : encodeURIComponent(name)}`
    const made = await two.ask(0, path, { method: 'PUT', body: {} })
    assert.equal(made.status, 201, await made.text())
  }
  assert.equal(two.cells[2]!.broker.findVHost('a/..%?#')?.queueCount, 5)
})

test('lists are those of one broker that has everything', async () => {
  const one = openManagedBroker()
  const routes = createOwnersRoutes(one)
  const ofOne = async (path: string): Promise<unknown> =>
    (await routes.fetch(new Request(`http://localhost${path}`))).json()
  for (const [vhost] of places) one.broker.vhosts.add(vhost)
  for (const { vhost, name, durable } of queues) {
    const url = `http://localhost/queues/${encodeURIComponent(vhost)}/${name}`
    await routes.fetch(new Request(url, { method: 'PUT', body: JSON.stringify({ durable }) }))
  }
  await using two = await filled()
  const asked = [
    '?sort=name&columns=name,vhost',
    '?sort=name&sort_reverse=true&columns=name',
    '?page=1&page_size=3&sort=name&columns=vhost',
    '?page=2&page_size=3&sort=name&columns=name,vhost',
    '?page=1&page_size=100&name=x&sort=name&columns=name',
    '?page=1&name=q[13]&use_regex=true&sort=name&columns=name',
    '?page=1&page_size=5&sort=durable&sort_reverse=true&columns=durable',
    '?page=9&page_size=3',
    '?page=0',
    '?page=x',
  ]
  for (const path of ['/queues', '/exchanges', '/v1/streams', '/vhosts']) {
    for (const query of asked) {
      const expected = await ofOne(path + query)
      for (const node of [0, 1]) {
        assert.deepEqual(await two.json(node, path + query), expected, `${node} ${path}${query}`)
      }
    }
  }
  const whole = (await two.json(1, '/bindings?columns=destination')) as unknown[]
  assert.equal(whole.length, ((await ofOne('/bindings')) as unknown[]).length)
})

test('cells that nobody has are named, and are there again later', async () => {
  await using two = await filled()
  two.give(2, undefined)
  const answer = await two.ask(0, '/queues?columns=name')
  assert.equal(answer.headers.get('x-pabal-missing'), 'cell 2')
  assert.equal(((await answer.json()) as unknown[]).length, 4)
  const page = (await two.json(0, '/v1/streams?page=1&columns=name')) as Record<string, unknown>
  assert.deepEqual([page['missing'], page['total_count']], [['cell 2'], 4])
  const home = (await two.json(0, '/v1/home')) as { findings: { kind: string; text: string }[] }
  assert.deepEqual(
    home.findings.map(({ kind }) => kind),
    ['no-answer', 'cell-unowned'],
  )
  assert.match(home.findings[0]!.text, /cell 2 did not answer/)
  two.give(2, 0)
  const whole = await two.ask(1, '/queues?columns=name')
  assert.equal(whole.headers.get('x-pabal-missing'), null)
  assert.equal(((await whole.json()) as unknown[]).length, 8)
})

test('a node that is gone is named, and shown as one that does not run', async () => {
  await using two = await filled()
  two.nodes[1]!.isAlive = false
  two.nodes[1]!.requests[Symbol.dispose]()
  await two.nodes[1]!.link.close()
  const nodes = (await two.json(0, '/nodes')) as { name: string; running: boolean }[]
  assert.deepEqual(
    nodes.map(({ name, running }) => [name, running]),
    [
      ['rabbit@n0', true],
      ['rabbit@n1', false],
    ],
  )
  const one = (await two.json(0, '/nodes/rabbit@n1')) as { running: boolean }
  assert.equal(one.running, false)
  const answer = await two.ask(0, '/queues?columns=name')
  assert.equal(answer.headers.get('x-pabal-missing'), 'cell 2')
})

test('who asks for a cell that nobody has waits for its next owner, and not for ever', async () => {
  await using two = await filled(20)
  two.give(2, undefined)
  const asking = two.ask(0, '/queues/a/late', { method: 'PUT', body: { durable: true } })
  await wait(systemClock, 20)
  two.give(2, 1)
  assert.equal((await asking).status, 201)
  two.give(2, undefined)
  const refused = await two.ask(0, '/queues/a/q1')
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '5')
  assert.match(((await refused.json()) as { reason: string }).reason, /no node has cell 2/)
  // Definitions without it would look like all of them.
  assert.equal((await two.ask(0, '/definitions')).status, 503)
})

test('a node that has given the cell away does nothing, and the next owner does it once', async () => {
  await using two = await filled()
  // What the other node knows is old: this one has it no more.
  two.nodes[1]!.cells.delete(2)
  const asking = two.ask(0, '/queues/a/moved', { method: 'PUT', body: { durable: true } })
  await waitFor(
    'it was refused',
    () => two.linked.filter((each) => each.endsWith('moved')).length > 1,
  )
  two.give(2, 0)
  assert.equal((await asking).status, 201)
  assert.equal(two.cells[2]!.broker.findVHost('a')?.findQueue('moved')?.isDurable, true)
})

test('streams go through as they come, and end with their client', async () => {
  await using two = await filled()
  const { streams } = two.cells[2]!
  let openCount = 0
  const [add, remove] = [streams.add.bind(streams), streams.remove.bind(streams)]
  streams.add = (stream) => {
    openCount++
    return add(stream)
  }
  streams.remove = (stream) => {
    openCount--
    remove(stream)
  }
  const ended = new AbortController()
  const tail = await two.ask(0, '/v1/streams/a/q1/tail', { signal: ended.signal })
  assert.equal(tail.status, 200)
  assert.equal(openCount, 1)
  const reader = tail.body!.getReader()
  const publish = {
    properties: {},
    routing_key: 'q1',
    payload: 'hello',
    payload_encoding: 'string',
  }
  const published = await two.ask(0, '/exchanges/a/amq.default/publish', {
    method: 'POST',
    body: publish,
  })
  assert.deepEqual(await published.json(), { routed: true })
  let text = ''
  while (!text.includes('hello')) text += Buffer.from((await reader.read()).value ?? []).toString()
  await reader.cancel()
  await waitFor('the other node has ended it', () => openCount === 0)
})

test('what somebody may do counts where it is done', async () => {
  await using two = new TwoNodes({ user: 'u', tags: ['management'] })
  two.addVHost('a', 2)
  // Who the user is is told by the node that it asked, and by nobody else.
  const forged = Buffer.from(
    JSON.stringify({ target: { cell: 2 }, caller: { login: 'owner', user: 'x', tags: [] } }),
  ).toString('base64url')
  const asked: Ask = { method: 'PUT', body: {}, headers: { 'x-pabal-link': forged } }
  assert.equal((await two.ask(0, '/queues/a/q', asked)).status, 404)
  assert.equal((await two.ask(0, '/nodes', {})).status, 401)
  assert.equal((await two.ask(0, '/vhosts/z', { method: 'PUT' })).status, 401)
  const { access } = two.nodes[1]!.own.broker
  access.apply({
    kind: 'permission',
    op: 'put',
    row: { user: 'u', vhost: 'a', configure: '.*', write: '', read: '' },
  })
  assert.equal((await two.ask(0, '/queues/a/q', asked)).status, 201)
})

test('a new virtual host gets a cell, one that is refused has none', async () => {
  await using two = new TwoNodes()
  assert.equal((await two.ask(0, '/vhosts/new', { method: 'PUT' })).status, 201)
  assert.equal(two.vhosts.get('new'), 2)
  assert.equal(
    (await two.ask(1, '/vhosts/new', { method: 'PUT', body: { tags: 'x' } })).status,
    204,
  )
  const bad = await two.ask(0, '/vhosts/bad', { method: 'PUT', body: { tags: 5 } })
  assert.equal(bad.status, 400)
  assert.equal(two.vhosts.has('bad'), false)
})

test('several streams are deleted in their cells, and each answer is one', async () => {
  await using two = await filled()
  const body = {
    streams: [
      { vhost: '/', name: 'q0' },
      { vhost: 'a', name: 'q1' },
      { vhost: 'b', name: 'none' },
    ],
  }
  const done = (await two.json(1, '/v1/streams/delete', { method: 'POST', body })) as {
    done: { name: string }[]
    refused: { name: string }[]
  }
  assert.deepEqual(done.done.map(({ name }) => name).toSorted(), ['q0', 'q1'])
  assert.deepEqual(
    done.refused.map(({ name }) => name),
    ['none'],
  )
})

test('definitions are gathered, and split for their cells', async () => {
  await using two = await filled()
  const file = (await two.json(0, '/definitions')) as Record<string, { name: string }[]>
  assert.deepEqual(
    file['queues']!.map(({ name }) => name).toSorted(),
    queues.map(({ name }) => name).toSorted(),
  )
  assert.deepEqual(file['vhosts']!.map(({ name }) => name).toSorted(), ['/', 'a', 'b', 'c'])
  const large =
    '{"vhosts":[{"name":"n"}],"queues":[{"vhost":"n","name":"big","durable":true,"auto_delete":false,"arguments":{"x-max-length":9007199254740993}},{"vhost":"b","name":"small","durable":true,"auto_delete":false,"arguments":{}}],"users":[{"name":"w","password":"w","tags":""}],"permissions":[{"user":"w","vhost":"n","configure":"","write":"","read":""}]}'
  const report = (await two.json(1, '/definitions', { method: 'POST', body: large })) as {
    counts: Record<string, { add: number; ignored: number }>
    rows: unknown[]
  }
  assert.deepEqual(report.rows, [])
  assert.equal(report.counts['queue']!.add, 2)
  const big = two.cells[2]!.broker.findVHost('n')?.findQueue('big')
  assert.equal(big?.arguments.get('x-max-length')?.value, 9007199254740993n)
  assert.ok(two.cells[1]!.broker.findVHost('b')?.findQueue('small'))
  assert.ok(two.nodes[0]!.own.broker.access.findUser('w'))
  const noJson = await two.ask(0, '/definitions', { method: 'POST', body: '{' })
  assert.equal(noJson.status, 400)
})
