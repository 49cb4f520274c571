import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Target } from '../admin/api/where.ts'
import { AccessControl } from '../auth/access-control.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import type { Client } from '../broker/client/client.ts'
import type { KnownNode } from '../cluster/directory.ts'
import { systemClock } from '../lib/clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { ClientsAtNodes } from './clients-at-nodes.ts'

const user = 'limited'
const limit = 3

/** A node that answers late, as the wire between nodes does, and lists whom it lets in. */
class TestNode implements Disposable {
  readonly clients = new ClientRegistry(systemClock)
  readonly atNodes: ClientsAtNodes
  isSilent = false
  #lastId = 0

  constructor(number: number, all: readonly TestNode[], turns: () => number) {
    const access = new AccessControl()
    access.apply({
      op: 'put',
      kind: 'user',
      row: { name: user, hash: undefined, tags: [], limits: { 'max-connections': limit } },
    } as never)
    const nodes = (): KnownNode[] =>
      all.map((_, node) => ({ node, isAlive: true, isSelf: node === number }) as KnownNode)
    const cluster = {
      directory: {
        get nodes() {
          return nodes()
        },
      } as never,
      ask: async (target: Target): Promise<Response> => {
        const asked = 'node' in target ? all[target.node] : undefined
        for (let left = turns(); left > 0; left--) await new Promise(setImmediate)
        if (asked === undefined || asked.isSilent) return new Response(null, { status: 503 })
        const answer = asked.answer()
        for (let left = turns(); left > 0; left--) await new Promise(setImmediate)
        return answer
      },
    }
    const parts = { cluster, access, clients: this.clients, clock: systemClock }
    this.atNodes = new ClientsAtNodes(parts)
  }

  answer(): Response {
    const { connections, channels } = this.clients.usage({ user })
    return Response.json({ connections: connections + this.clients.entering.size, channels })
  }

  get count(): number {
    return this.clients.usage({ user }).connections
  }

  /** As a connection of AMQP does. */
  async open(): Promise<Client | undefined> {
    await this.atNodes.enter(user)
    if (this.count + this.atNodes.ofUser(user).connections >= limit) return undefined
    const client = {
      id: ++this.#lastId,
      protocol: 'Kafka',
      vhost: '/',
      channelCount: 1,
      principal: { user },
    }
    this.clients.add(client as unknown as Client)
    return client as unknown as Client
  }

  [Symbol.dispose](): void {
    this.atNodes[Symbol.dispose]()
  }
}

test('however many come to however many nodes at the same time, no more than the limit are in', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(seed)
    const nodes: TestNode[] = []
    for (const number of [0, 1, 2]) nodes.push(new TestNode(number, nodes, () => random.below(4)))
    const total = (): number => nodes.reduce((sum, { count }) => sum + count, 0)
    const coming = Array.from({ length: 12 }, async () => {
      for (let left = random.below(12); left > 0; left--) await new Promise(setImmediate)
      const client = await nodes[random.below(3)]!.open()
      assert.ok(total() <= limit, `seed ${seed}: ${total()}`)
      return client
    })
    await Promise.all(coming)
    // One after the other all that may come in do.
    for (let left = limit; left > 0; left--) await nodes[left % 3]!.open()
    assert.equal(total(), limit, `seed ${seed}`)
    for (const node of nodes) node[Symbol.dispose]()
  }
})

test('what a node that does not answer has said last counts, and who has gone counts no more', async () => {
  const nodes: TestNode[] = []
  for (const number of [0, 1]) nodes.push(new TestNode(number, nodes, () => 0))
  const [here, there] = nodes as [TestNode, TestNode]
  const gone = await there.open()
  await there.open()
  assert.ok(await here.open())
  there.isSilent = true
  assert.equal(await here.open(), undefined)
  there.isSilent = false
  there.clients.remove(gone!)
  assert.ok(await here.open())
  for (const node of nodes) node[Symbol.dispose]()
})

test('nobody is asked for a user without a limit', () => {
  const nodes: TestNode[] = []
  for (const number of [0, 1]) nodes.push(new TestNode(number, nodes, () => 0))
  assert.equal(nodes[0]!.atNodes.enter('other'), undefined)
  for (const node of nodes) node[Symbol.dispose]()
})
