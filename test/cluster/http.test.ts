// HTTP at any node of a cluster of three processes: the same answers everywhere, changes that are seen at once through
// another node, a node that is killed, and one that is drained.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ClusterJson } from '../../src/admin/v1/cluster-json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const names = ['n1', 'n2', 'n3'] as const
const vhosts = ['shop', 'billing', 'mail/..%', 'ads']
const startMs = 40_000
/** A node that is killed looks dead after five seconds. */
const takeoverMs = 40_000

describe('HTTP at any node of a cluster', { skip: postgresMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
  let postgres: PostgresServer
  let objects: S3Double
  let nodes: TestBroker[] = []

  before(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    postgres = await PostgresServer.start({ fsync: 'on' })
    objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
    nodes = await Promise.all(names.map((name) => TestBroker.start(flags(name), [], startMs)))
    await waitFor('all cells are served', allServed, startMs)
  })

  after(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    await objects?.close()
    await postgres?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  function flags(name: string): string[] {
    const address = `${postgres.address}?schema=http`
    const store = `s3://bucket/http?endpoint=${encodeURIComponent(objects.url)}`
    const ports = ['http', 'node', 'metrics'].flatMap((port) => [`--${port}-port`, '0'])
    const cells = ['--cluster-cells', '6']
    return ['--cluster', address, '--objects', store, '--node-name', name, ...cells, ...ports]
  }

  async function ask(
    node: number,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Response> {
    return fetch(`http://127.0.0.1:${nodes[node]!.httpPort}/api${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function json<T>(node: number, path: string): Promise<T> {
    const answer = await ask(node, 'GET', path)
    assert.equal(answer.status, 200, `${node} ${path}`)
    assert.equal(answer.headers.get('x-pabal-missing'), null, `${node} ${path}`)
    return (await answer.json()) as T
  }

  async function make(node: number, path: string, body?: unknown, status = 201): Promise<void> {
    const answer = await ask(node, 'PUT', path, body)
    assert.equal(answer.status, status, `${path}: ${await answer.text()}`)
  }

  async function look(node = 0): Promise<ClusterJson> {
    return (await (await ask(node, 'GET', '/v1/cluster')).json()) as ClusterJson
  }

  async function allServed(): Promise<boolean> {
    const { cells } = await look()
    return cells.length > 0 && cells.every(({ state }) => state === 'served')
  }

  /** A cell has its next owner before that one has opened it. */
  async function isWhole(node: number): Promise<boolean> {
    const answer = await ask(node, 'GET', '/queues?columns=name')
    const queues = (await answer.json()) as unknown[]
    return answer.headers.get('x-pabal-missing') === null && queues.length === vhosts.length
  }

  test('what one node makes another one has at once', async () => {
    for (const [index, vhost] of vhosts.entries()) {
      const place = encodeURIComponent(vhost)
      await make(index % 3, `/vhosts/${place}`, { description: vhost })
      await make((index + 1) % 3, `/queues/${place}/orders`, { durable: true })
      await make((index + 2) % 3, `/users/u${index}`, { password: 'x', tags: 'monitoring' })
      const all = { configure: '.*', write: '.*', read: '.*' }
      await make(index % 3, `/permissions/${place}/u${index}`, all)
      const published = await ask(
        (index + 2) % 3,
        'POST',
        `/exchanges/${place}/amq.default/publish`,
        {
          properties: {},
          routing_key: 'orders',
          payload: vhost,
          payload_encoding: 'string',
        },
      )
      assert.deepEqual(await published.json(), { routed: true })
    }
  })

  test('each node gives the same answers', async () => {
    const lists = [
      '/queues?sort=name&columns=name,vhost,messages,node,durable',
      '/queues?page=2&page_size=3&sort=vhost&columns=vhost',
      '/exchanges?page=1&page_size=5&sort=name&columns=name,vhost',
      '/bindings?sort=vhost&columns=vhost,destination',
      '/vhosts?sort=name&columns=name,description',
      '/users?columns=name,tags',
      '/permissions?sort=vhost',
      '/definitions',
      '/v1/streams?page=1&sort=vhost&columns=vhost,name,messages',
    ]
    for (const path of lists) {
      const [first, ...others] = await Promise.all([0, 1, 2].map((node) => json(node, path)))
      for (const other of others) assert.deepEqual(other, first, path)
    }
    const queues = await json<{ vhost: string; node: string }[]>(1, '/queues?columns=vhost,node')
    assert.deepEqual(queues.map(({ vhost }) => vhost).toSorted(), vhosts.toSorted())
    const totals = await json<{ object_totals: { queues: number } }>(2, '/overview')
    assert.equal(totals.object_totals.queues, vhosts.length)
    const { listeners } = await json<{ listeners: { node: string; port: number }[] }>(1, '/v1/home')
    const own = listeners.find(({ port }) => port === nodes[1]!.httpPort)
    assert.equal(listeners[0]?.node, own?.node)
    assert.equal(new Set(listeners.map(({ node }) => node)).size, 3)
  })

  test('whoever logs in at one node is logged in at all, until it logs out at one', async () => {
    const session = (node: number, method: string, more: RequestInit): Promise<Response> =>
      fetch(`http://127.0.0.1:${nodes[node]!.httpPort}/api/v1/session`, { method, ...more })
    const body = JSON.stringify({ user: 'u0', password: 'x' })
    const begin = async (): Promise<{ headers: { cookie: string } }> => {
      const begun = await session(0, 'POST', { body })
      assert.equal(begun.status, 200)
      return { headers: { cookie: begun.headers.get('set-cookie')!.split(';')[0]! } }
    }
    /** Who asks on loopback without a login is guest. */
    const userAt = async (node: number, cookie: RequestInit): Promise<string> =>
      ((await (await session(node, 'GET', cookie)).json()) as { readonly user: string }).user
    const [one, other] = [await begin(), await begin()]
    for (const node of [0, 1, 2]) assert.equal(await userAt(node, one), 'u0')
    assert.equal((await session(1, 'DELETE', one)).status, 204)
    assert.equal(await userAt(1, one), 'guest')
    for (const node of [0, 2]) {
      await waitFor(`it has ended at ${node}`, async () => (await userAt(node, one)) === 'guest')
      assert.equal(await userAt(node, other), 'u0')
    }
    await make(2, '/users/u0', { password: 'y', tags: 'monitoring' }, 204)
    for (const node of [0, 1, 2]) {
      await waitFor(`it has ended at ${node}`, async () => (await userAt(node, other)) === 'guest')
    }
    await make(2, '/users/u0', { password: 'x', tags: 'monitoring' }, 204)
  })

  test('a connection is listed by all nodes, and closed through any', async () => {
    const port = nodes[0]!.url
    await using session = await AmqpSession.open(`${port}/shop`)
    const channel = await session.channel()
    await channel.checkQueue('orders')
    type Listed = { name: string; node: string; vhost: string; id: number }
    const [first, ...others] = await Promise.all(
      [0, 1, 2].map((node) => json<Listed[]>(node, '/connections?columns=name,node,vhost')),
    )
    assert.equal(first!.length, 1)
    for (const other of others) assert.deepEqual(other, first)
    const shown = await json<Listed[]>(1, '/v1/connections?protocol=amqp&columns=id,name')
    assert.equal((await ask(2, 'GET', `/v1/connections/${shown[0]!.id}`)).status, 200)
    const name = encodeURIComponent(first![0]!.name)
    assert.equal((await ask(2, 'DELETE', `/connections/${name}`)).status, 204)
    await waitFor('it is gone', async () => {
      const left = await Promise.all(
        [0, 1, 2].map((node) => json<Listed[]>(node, '/connections?columns=name')),
      )
      return left.every((list) => list.length === 0)
    })
  })

  test('a node that is drained has no cell, and answers all the same', async () => {
    assert.equal((await ask(0, 'POST', '/v1/cluster/nodes/n2/drain')).status, 204)
    await waitFor(
      'it has none',
      async () => {
        const { nodes: known, cells } = await look()
        const drained = known.find(({ name }) => name === 'n2')
        return (
          drained?.state === 'draining' &&
          cells.every(({ owner }) => owner?.startsWith('n') && owner !== 'n2')
        )
      },
      takeoverMs,
    )
    await waitFor('the list is whole', () => isWhole(1))
    const shown = await json<{ name: string; being_drained: boolean }[]>(2, '/nodes')
    assert.deepEqual(Object.fromEntries(shown.map((node) => [node.name, node.being_drained])), {
      'rabbit@n1': false,
      'rabbit@n2': true,
      'rabbit@n3': false,
    })
    const { being_drained: isDrained } = await json<(typeof shown)[number]>(0, '/nodes/rabbit@n2')
    assert.equal(isDrained, true)
    assert.equal((await ask(1, 'POST', '/v1/cluster/nodes/n2/undrain')).status, 204)
    await waitFor(
      'it has some again',
      async () => (await look()).nodes.some(({ name, cells }) => name === 'n2' && cells.length > 0),
      takeoverMs,
    )
    await waitFor('all cells are served', allServed, takeoverMs)
  })

  test('an owner that is killed is named, and what it had is there again', async () => {
    const owner = (await json<{ node: string }>(0, '/queues/shop/orders?columns=node')).node
    const killed = names.findIndex((name) => owner === `rabbit@${name}`)
    const other = (killed + 1) % 3
    await nodes[killed]!.kill()
    const cut = await ask(other, 'GET', '/queues?columns=name,vhost')
    assert.match(cut.headers.get('x-pabal-missing') ?? '', /cell \d+/)
    const left = (await cut.json()) as { vhost: string }[]
    assert.ok(left.length < vhosts.length)
    // Who asks for one waits for the next owner.
    const waited = await ask(other, 'GET', '/queues/shop/orders?columns=messages,node')
    const text = await waited.text()
    assert.equal(waited.status, 200, text)
    const shown = JSON.parse(text) as { messages: number; node: string }
    assert.equal(shown.messages, 1)
    assert.notEqual(shown.node, owner)
    await waitFor(
      'all cells are served',
      async () => (await look(other)).cells.every(({ state }) => state === 'served'),
      takeoverMs,
    )
    await waitFor('the list is whole again', () => isWhole(other))
    const gone = await json<{ name: string; running: boolean }[]>(other, '/nodes')
    assert.deepEqual(
      gone.filter(({ running }) => !running).map(({ name }) => name),
      [owner],
    )
    const before = (await look(other)).nodes
    assert.deepEqual(
      before.map(({ name }) => name),
      names.toSorted(),
    )
    // It does not come back; those that are there cannot be forgotten.
    const forget = (name: string): Promise<Response> =>
      ask(other, 'DELETE', `/v1/cluster/nodes/${name}`)
    assert.equal((await forget(names[other]!)).status, 409)
    assert.equal((await forget('nobody')).status, 404)
    assert.equal((await forget(names[killed]!)).status, 204)
    assert.equal((await forget(names[killed]!)).status, 404)
    const kept = names.filter((name) => name !== names[killed]).toSorted()
    const last = (killed + 2) % 3
    await waitFor('another node knows', async () => (await look(last)).nodes.length === 2)
    assert.deepEqual(
      (await look(last)).nodes.map(({ name }) => name),
      kept,
    )
  })
})
