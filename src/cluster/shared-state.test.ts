import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../lib/logger.ts'
import { clusterLimits } from '../limits/cluster.ts'
import type { SharedChange, SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { AccessChange, PermissionRow, UserRow } from '../meta/access-rows.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { accessOf, applyShared, rowOf } from './shared-rows.ts'
import { SharedState } from './shared-state.ts'

/** The rows in PostgreSQL, and nodes that read and write them. */
class Database {
  readonly clock = new VirtualClock()
  readonly rows = new Map<string, SharedRow>()
  version = 1
  isAway = false
  readCount = 0
  /** Answers wait for it. */
  held: Promise<void> | undefined

  constructor() {
    this.rows.set('vhost "/"', { kind: 'vhost', key: '"/"', cell: 0, row: '{}' })
  }

  /** As another node does. */
  change(...changes: AccessChange[]): void {
    this.#apply(changes.map(rowOf))
  }

  putVHost(name: string, cell: number): void {
    const key = JSON.stringify(name)
    this.rows.set(`vhost ${key}`, { kind: 'vhost', key, cell, row: '{}' })
    this.version++
  }

  deleteVHost(name: string): void {
    this.#apply([{ op: 'delete', kind: 'vhost', key: JSON.stringify(name) }])
  }

  node(): NodeUnderTest {
    const told: AccessChange[] = []
    const vhosts: string[][] = []
    const state: SharedState = new SharedState({
      tables: {
        readShared: async () => {
          this.readCount++
          const { version } = this
          const rows = [...this.rows.values()]
          await this.#answer()
          return { version, rows }
        },
        changeShared: async (changes) => {
          if (this.isAway) throw new Error('no answer')
          this.#apply(changes)
          await this.#answer()
        },
        placeVHost: async ({ key, cell = 1 }, countMax) => {
          await this.#answer()
          const found = this.rows.get(`vhost ${key}`)
          if (found !== undefined) return found.cell
          if (this.#vhostCount >= countMax) return undefined
          this.putVHost(JSON.parse(key) as string, cell)
          return cell
        },
      },
      clock: this.clock,
      random: seededRandom(this.rows.size),
      logger: silentLogger,
      onAccess: (changes) => void told.push(...changes),
      onVHosts: () => void vhosts.push([...state.vhosts.keys()]),
    })
    return { state, told, vhosts }
  }

  get #vhostCount(): number {
    return [...this.rows.values()].filter(({ kind }) => kind === 'vhost').length
  }

  async #answer(): Promise<void> {
    if (this.isAway) throw new Error('no answer')
    await this.held
  }

  #apply(changes: readonly SharedChange[]): void {
    for (const change of changes) applyShared(this.rows, change)
    this.version++
  }
}

interface NodeUnderTest {
  readonly state: SharedState
  /** Of what others did. */
  readonly told: AccessChange[]
  readonly vhosts: string[][]
}

const settled = (): Promise<void> => new Promise(setImmediate)

function userRow(name: string, passwordHash = ''): UserRow {
  return { name, passwordHash, hashingAlgorithm: 'rabbit_password_hashing_sha256', tags: [] }
}

function putUser(name: string, passwordHash?: string): AccessChange {
  return { kind: 'user', op: 'put', row: userRow(name, passwordHash) }
}

function deleteUser(name: string): AccessChange {
  return { kind: 'user', op: 'delete', name }
}

function permit(user: string, vhost = '/'): AccessChange {
  const row: PermissionRow = { user, vhost, configure: '', write: '', read: '' }
  return { kind: 'permission', op: 'put', row }
}

/** A heartbeat has seen the number. */
async function beat(database: Database, { state }: NodeUnderTest): Promise<void> {
  state.onVersion(database.version)
  await settled()
}

test('a start tells of all that is there, users before what names them', async () => {
  const database = new Database()
  database.rows.set('permission x', { ...rowNamed(permit('alice')), cell: undefined })
  database.change(putUser('alice'))
  database.putVHost('a', 3)
  const node = database.node()
  await node.state.load()
  assert.deepEqual(node.told, [putUser('alice'), permit('alice')])
  assert.deepEqual(
    [...node.state.vhosts],
    [
      ['/', 0],
      ['a', 3],
    ],
  )
})

test('what others change is read once, with the heartbeat that shows it', async () => {
  const database = new Database()
  const node = database.node()
  await node.state.load()
  database.change(putUser('alice'), permit('alice'))
  await beat(database, node)
  await beat(database, node)
  assert.equal(database.readCount, 2)
  assert.deepEqual(node.told, [putUser('alice'), permit('alice')])
  database.change(deleteUser('alice'))
  await beat(database, node)
  assert.deepEqual(node.told.slice(2), [
    deleteUser('alice'),
    { kind: 'permission', op: 'delete', user: 'alice', vhost: '/' },
  ])
})

test('a change of this node is told nobody here, and is durable once PostgreSQL has it', async () => {
  const database = new Database()
  const node = database.node()
  await node.state.load()
  database.isAway = true
  let isDurable = false
  const ticket = node.state.changeAccess([putUser('alice')])
  ticket.whenDurable(() => (isDurable = true))
  node.state.changeAccess([putUser('alice', 'newer')])
  for (let count = 0; count < 3; count++) {
    await settled()
    database.clock.advance(clusterLimits.sharedRetryMs)
  }
  assert.equal(isDurable, false)
  database.isAway = false
  database.clock.advance(clusterLimits.sharedRetryMs)
  await settled()
  assert.deepEqual([isDurable, ticket.isDurable], [true, true])
  assert.match(database.rows.get('user "alice"')?.row ?? '', /newer/)
  await beat(database, node)
  assert.deepEqual(node.told, [])
})

test('a session that is ended at one node has ended at the others with their next heartbeat', async () => {
  const database = new Database()
  const [first, second] = [database.node(), database.node()]
  for (const { state } of [first, second]) await state.load()
  const sessions = ['s', 't'].map((id) => ({ id, user: 'alice', beganAt: database.clock.now() }))
  const known = ({ state }: NodeUnderTest): boolean[] =>
    sessions.map((session) => state.endedSessions.has(session))
  const held = Promise.withResolvers<void>()
  database.held = held.promise
  const ticket = first.state.endedSessions.end(sessions[0]!)
  // An answer without it is on its way.
  first.state.onVersion(database.version + 1)
  assert.deepEqual([known(first), ticket.isDurable], [[true, false], false])
  held.resolve()
  await settled()
  assert.deepEqual([known(first), ticket.isDurable], [[true, false], true])
  await beat(database, second)
  assert.deepEqual(known(second), [true, false])
  assert.deepEqual([first.told, second.told], [[], []])
})

test('what was read is not older than what this node has changed', async () => {
  const database = new Database()
  const node = database.node()
  database.change(putUser('alice', 'old'), putUser('bob'))
  await node.state.load()
  const held = Promise.withResolvers<void>()
  database.held = held.promise
  database.change(putUser('carol'))
  node.state.onVersion(database.version)
  // The answer to the look is on its way.
  node.state.changeAccess([putUser('alice', 'new'), deleteUser('bob')])
  held.resolve()
  await settled()
  assert.deepEqual(node.told.slice(2), [putUser('carol')])
  await beat(database, node)
  assert.deepEqual(node.told.slice(2), [putUser('carol')])
})

test('changes of others count here while those of this node wait', async () => {
  const database = new Database()
  const node = database.node()
  database.change(putUser('alice'))
  await node.state.load()
  const held = Promise.withResolvers<void>()
  database.held = held.promise
  node.state.changeAccess([putUser('bob')])
  await settled()
  database.held = undefined
  database.change(deleteUser('alice'))
  await beat(database, node)
  assert.deepEqual(node.told.slice(1), [deleteUser('alice')])
  held.resolve()
  await settled()
})

test('a user deleted here and made again elsewhere has its permissions here, too', async () => {
  const database = new Database()
  const node = database.node()
  database.change(putUser('alice'), permit('alice'))
  await node.state.load()
  node.state.changeAccess([deleteUser('alice')])
  await settled()
  database.change(putUser('alice', 'again'), permit('alice'))
  await beat(database, node)
  assert.deepEqual(node.told.slice(2), [putUser('alice', 'again'), permit('alice')])
})

test('so has one whose virtual host was deleted here and made again elsewhere', async () => {
  const database = new Database()
  const node = database.node()
  database.putVHost('a', 1)
  database.change(putUser('alice'), permit('alice', 'a'), permit('alice'))
  await node.state.load()
  await node.state.removeVHost('a')
  database.putVHost('a', 2)
  database.change(permit('alice', 'a'))
  await beat(database, node)
  assert.deepEqual(node.told.slice(3), [permit('alice', 'a')])
  assert.equal(node.state.vhosts.get('a'), 2)
})

test('virtual hosts that are placed or removed here are known at once, and others with a heartbeat', async () => {
  const database = new Database()
  const node = database.node()
  await node.state.load()
  assert.equal(await node.state.placeVHost('a'), 1)
  assert.equal(await node.state.placeVHost('b', 7), 7)
  assert.deepEqual(node.vhosts.at(-1), ['/', 'a', 'b'])
  const count = node.vhosts.length
  assert.equal(await node.state.placeVHost('a', 5), 1)
  assert.equal(node.vhosts.length, count)
  await node.state.removeVHost('a')
  assert.deepEqual(node.vhosts.at(-1), ['/', 'b'])
  database.deleteVHost('b')
  database.putVHost('c', 2)
  await beat(database, node)
  assert.deepEqual(node.vhosts.at(-1), ['/', 'c'])
})

test('rows of a kind that only newer nodes know are left alone', async () => {
  const database = new Database()
  database.rows.set('news 1', { kind: 'news', key: '1', cell: undefined, row: '{}' })
  database.change(putUser('alice'))
  const node = database.node()
  await node.state.load()
  assert.deepEqual(node.told, [putUser('alice')])
  database.rows.delete('news 1')
  database.change(putUser('bob'))
  await beat(database, node)
  assert.deepEqual(node.told.slice(1), [putUser('bob')])
})

test('a user that was deleted and made again between two looks is another one', async () => {
  const database = new Database()
  const [maker, other] = [database.node(), database.node()]
  maker.state.changeAccess([putUser('alice', 'a')])
  maker.state.changeAccess([permit('alice'), putUser('bob')])
  await settled()
  await beat(database, other)
  other.told.length = 0
  // A new password is no other user.
  maker.state.changeAccess([putUser('alice', 'b')])
  await settled()
  await beat(database, other)
  assert.deepEqual(other.told.splice(0), [putUser('alice', 'b')])
  maker.state.changeAccess([deleteUser('alice')])
  maker.state.changeAccess([putUser('alice', 'b')])
  maker.state.changeAccess([permit('alice', 'a')])
  await settled()
  await beat(database, other)
  const again = [deleteUser('alice'), putUser('alice', 'b'), permit('alice', 'a')]
  assert.deepEqual(other.told, again)
})

test('a node that stops tells nobody that something is durable which is not', async () => {
  const database = new Database()
  const node = database.node()
  await node.state.load()
  database.isAway = true
  const ticket = node.state.changeAccess([putUser('alice')])
  const placed = assert.rejects(node.state.placeVHost('a'), /this node stops/)
  await settled()
  node.state.close()
  database.isAway = false
  database.clock.advance(clusterLimits.sharedRetryMs)
  await placed
  await settled()
  assert.equal(ticket.isDurable, false)
  await beat(database, node)
  assert.equal(database.readCount, 1)
})

function rowNamed(change: AccessChange): SharedRow {
  const shared = rowOf(change)
  assert.ok(shared.op === 'put')
  assert.deepEqual(accessOf(shared), change)
  return { kind: shared.kind, key: shared.key, row: shared.row, cell: undefined }
}
