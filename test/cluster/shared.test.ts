// What a cluster shares above its cells: users, permissions and virtual hosts that were made at one node count at all
// others within two seconds, and after all nodes were started again.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

/** A heartbeat is a second away, and a node that asks another one every second may wait for the machine. */
const knownMsMax = 10_000

/** Each in a cell of its own, so nodes have some of each. */
const names = ['v1', 'v2', 'v3', 'v4']

/** As amqplib says it. */
const loginRefused = /ACCESS.REFUSED/
const vhostRefused = /Expected ConnectionOpenOk; got <ConnectionClose/

describe('what nodes of a cluster share', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let nodes: TestBroker[] = []

  before(async () => {
    cluster = await ClusterUnderTest.start()
    nodes = await Promise.all(['n1', 'n2', 'n3'].map((name) => cluster.startNode(name)))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const node = (index: number): TestBroker => {
    const found = nodes[index]
    assert.ok(found)
    return found
  }

  const everywhere = async (what: (node: TestBroker) => Promise<void>): Promise<void> => {
    await Promise.all(nodes.map(what))
  }

  test('virtual hosts made at one node are spread over cells, and reached at each node', async () => {
    for (const name of names) await apiOf(node(0))('PUT', `vhosts/${name}`)
    const cells = await cluster.postgres.run(
      "SELECT count(DISTINCT cell) FROM cluster.shared WHERE kind = 'vhost'",
    )
    assert.equal(cells, '5')
    for (const name of names) {
      await everywhere(async (each) => {
        await using session = await loginWithin(each, 'guest:guest', name)
        const channel = await session.confirmChannel()
        await channel.assertQueue('shared', { durable: true })
        channel.sendToQueue('shared', Buffer.from(name), { persistent: true })
        await channel.waitForConfirms()
      })
      await using session = await loginWithin(node(1), 'guest:guest', name)
      const channel = await session.channel()
      assert.equal((await channel.checkQueue('shared')).messageCount, nodes.length)
    }
  })

  test('a user made at one node logs in at all, with what it may do', async () => {
    const api = apiOf(node(0))
    await api('PUT', 'users/alice', { password: 'secret', tags: '' })
    await everywhere((each) => refusesWithin(each, 'alice:secret', vhostRefused))
    await api('PUT', 'permissions/%2F/alice', { configure: '^a', write: '.*', read: '.*' })
    await everywhere(async (each) => {
      await using session = await loginWithin(each, 'alice:secret')
      const channel = await session.channel()
      await channel.assertQueue('alices', { durable: true })
    })
    await api('PUT', 'permissions/%2F/alice', { configure: '^b', write: '.*', read: '.*' })
    await everywhere(async (each) => {
      await waitFor('it may not declare', () => mayNotDeclare(each, 'aliens'), knownMsMax)
    })
  })

  test('a new password counts everywhere', async () => {
    await apiOf(node(1))('PUT', 'users/alice', { password: 'other', tags: 'monitoring' })
    await everywhere(async (each) => {
      await (await loginWithin(each, 'alice:other'))[Symbol.asyncDispose]()
      await refusesWithin(each, 'alice:secret', loginRefused)
    })
  })

  test('all of it is there after all nodes were started again', async () => {
    await everywhere(async (each) => void (await each.stop()))
    await everywhere((each) => each.restart(slowMsMax))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    await everywhere(async (each) => {
      await using session = await sessionAt(each, 'alice:other')
      assert.ok(session)
      await waitFor('it may not declare', () => mayNotDeclare(each, 'aliens', 'other'), knownMsMax)
    })
    const { body } = await apiOf(node(2))('GET', 'users/alice')
    assert.deepEqual((body as { tags: unknown }).tags, ['monitoring'])
  })

  test('the connections of a deleted user end at every node', async () => {
    for (const name of names) {
      const all = { configure: '.*', write: '.*', read: '.*' }
      await apiOf(node(1))('PUT', `permissions/${name}/alice`, all)
    }
    const served = new Set(
      [...(await cluster.owners())].filter(([cell]) => cell < 5).map(([, name]) => name),
    )
    assert.ok(served.size > 1, 'all of it is one node')
    const sessions = await Promise.all(
      nodes.flatMap((each) =>
        ['/', ...names].map((name) => loginWithin(each, 'alice:other', name)),
      ),
    )
    const closed = Promise.all(sessions.map((session) => session.connectionClosed()))
    const begun = performance.now()
    await apiOf(node(0))('DELETE', 'users/alice')
    for (const error of await closed) assert.equal(error?.code, 320)
    const ms = performance.now() - begun
    assert.ok(ms < knownMsMax + 1000, `it took ${ms} ms`)
    await everywhere((each) => refusesWithin(each, 'alice:secret', loginRefused))
  })

  test('a user of that name that is made again has no permissions', async () => {
    await apiOf(node(1))('PUT', 'users/alice', { password: 'secret', tags: '' })
    await everywhere((each) => refusesWithin(each, 'alice:secret', vhostRefused))
  })

  /** Virtual hosts that two nodes serve. */
  const twoApart = async (): Promise<[string, string]> => {
    const rows = await cluster.postgres.run(
      "SELECT key::jsonb #>> '{}', cell FROM cluster.shared WHERE kind = 'vhost'",
    )
    const owners = await cluster.owners()
    const ownerOf = ([, cell]: readonly string[]): string => owners.get(Number(cell)) ?? ''
    const placed = rows.split('\n').map((row) => row.split('|'))
    const named = placed.filter(([name = '']) => names.includes(name))
    const [first = []] = named
    const second = named.find((each) => ownerOf(each) !== ownerOf(first)) ?? []
    return [first[0] ?? '', second[0] ?? '']
  }

  test('limits of a user count what it has at all nodes', async () => {
    const all = { configure: '.*', write: '.*', read: '.*' }
    for (const name of names) await apiOf(node(0))('PUT', `permissions/${name}/alice`, all)
    const limit = (name: string, value: number): Promise<unknown> =>
      apiOf(node(1))('PUT', `user-limits/alice/${name}`, { value })
    await limit('max-connections', 2)
    await everywhere(async (each) => {
      const known = async (): Promise<boolean> => {
        const { body } = await apiOf(each)('GET', 'user-limits/alice')
        return (body as readonly object[]).length === 1
      }
      await waitFor('the limit is known', known, knownMsMax)
    })
    const open = (at: number, vhost: string): Promise<AmqpSession> =>
      sessionAt(node(at), 'alice:secret', vhost)
    // At the same time, to virtual hosts of several nodes.
    const tries = await Promise.allSettled(names.map((name, index) => open(index % 3, name)))
    const sessions = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    assert.ok(sessions.length <= 2, `${sessions.length} came in`)
    for (const name of names) {
      if (sessions.length === 2) break
      sessions.push(await loginWithin(node(0), 'alice:secret', name))
    }
    await everywhere((each) => refusesWithin(each, 'alice:secret', vhostRefused, 'v2'))
    const counts = await apiOf(node(2))('GET', 'v1/usage?user=alice')
    assert.deepEqual(counts.body, { connections: 2, channels: 0 })
    // Who has just gone counts nowhere any more.
    await sessions.shift()?.[Symbol.asyncDispose]()
    sessions.push(await loginWithin(node(1), 'alice:secret', 'v3'))

    for (const session of sessions) await session[Symbol.asyncDispose]()
    const [here, there] = await twoApart()
    const holder = await loginWithin(node(1), 'alice:secret', here)
    await limit('max-channels', 1)
    const held = await holder.channel()
    /** Whoever has no room for a channel loses the connection. */
    const hasRoom = async (): Promise<boolean> => {
      await using session = await loginWithin(node(0), 'alice:secret', there)
      const opened = session.channel().then(() => true)
      return await Promise.race([opened, session.connectionClosed().then(() => false)])
    }
    await waitFor('others know of it', async () => !(await hasRoom()), 2 * knownMsMax)
    await held.close()
    await waitFor('there is room again', hasRoom, 2 * knownMsMax)
    await holder[Symbol.asyncDispose]()
  })

  test('a deleted one is gone at each node, and what comes in its name has nothing of it', async () => {
    await apiOf(node(2))('DELETE', 'vhosts/v1')
    await everywhere((each) => refusesWithin(each, 'guest:guest', vhostRefused, 'v1'))
    await apiOf(node(1))('PUT', 'vhosts/v1')
    await using session = await loginWithin(node(0), 'guest:guest', 'v1')
    const channel = await session.channel()
    assert.equal((await channel.assertQueue('shared', { durable: true })).messageCount, 0)
  })
})

type Ask = (method: string, path: string, body?: unknown) => Promise<{ body: unknown }>

/** As the administrator; throws at an answer that is not one of success. */
function apiOf({ httpPort }: TestBroker): Ask {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  return async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/api/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return { body: text === '' ? undefined : JSON.parse(text) }
  }
}

function sessionAt({ port }: TestBroker, login: string, vhost = '/'): Promise<AmqpSession> {
  return AmqpSession.open(`amqp://${login}@127.0.0.1:${port}/${encodeURIComponent(vhost)}`)
}

/** Resolves as soon as it is let in. */
async function loginWithin(each: TestBroker, login: string, vhost = '/'): Promise<AmqpSession> {
  return await waitFor(
    `${login} is let in`,
    () => sessionAt(each, login, vhost).catch(() => undefined),
    knownMsMax,
  )
}

/** Resolves as soon as it is refused for that reason. */
async function refusesWithin(
  each: TestBroker,
  login: string,
  reason: RegExp,
  vhost = '/',
): Promise<void> {
  let last = ''
  await waitFor(
    `${login} is refused`,
    async () => {
      try {
        await using _ = await sessionAt(each, login, vhost)
        return false
      } catch (error) {
        last = (error as Error).message
        return reason.test(last)
      }
    },
    knownMsMax,
  ).catch((error: unknown) => {
    throw new Error(`it last said: ${last}`, { cause: error })
  })
}

async function mayNotDeclare(
  each: TestBroker,
  queue: string,
  password = 'secret',
): Promise<boolean> {
  await using session = await sessionAt(each, `alice:${password}`)
  const channel = await session.channel()
  try {
    await channel.assertQueue(queue, { durable: true })
    return false
  } catch (error) {
    return /ACCESS_REFUSED|403/.test((error as Error).message)
  }
}
