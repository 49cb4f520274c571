// What a cluster shares above its cells, in a real PostgreSQL: virtual hosts and their cells, users and what goes with
// them, and the number by which nodes see that something has changed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { rowOf, vhostKey } from '../../src/cluster/shared-rows.ts'
import type { SharedChange } from '../../src/log/cluster/postgres/shared-statements.ts'
import type { AccessChange } from '../../src/meta/access-rows.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { waitFor } from '../support/wait-for.ts'
import { CellsUnderTest } from './cells-under-test.ts'

const cellCount = 4
const vhostsMax = 10

describe('what a cluster shares', { skip: postgresMissing() }, () => {
  let server: PostgresServer
  let made = 0

  before(async () => {
    server = await PostgresServer.start()
  })

  after(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  /** A cluster of its own. */
  const open = async (): Promise<CellsUnderTest & { schema: string }> => {
    made += 1
    const schema = `shared${made}`
    const cells = await CellsUnderTest.open(`${server.address}?schema=${schema}`, cellCount)
    return Object.assign(cells, { schema })
  }

  const place = ({ tables }: CellsUnderTest, name: string, cell?: number, max = vhostsMax) =>
    tables.placeVHost({ key: vhostKey(name), row: '{}', ...(cell !== undefined && { cell }) }, max)

  test('a new cluster has the default virtual host, in the first cell, and a secret of its own', async () => {
    await using first = await open()
    await using second = await open()
    const { version, rows } = await first.tables.readShared()
    assert.equal(version, 1)
    assert.deepEqual(rows, [{ kind: 'vhost', key: '"/"', cell: 0, row: '{"name":"/"}' }])
    assert.match(first.tables.settings.secret, /^[0-9a-f]{64}$/)
    assert.notEqual(first.tables.settings.secret, second.tables.settings.secret)
  })

  test('virtual hosts go to the cell that has fewest, and stay there', async () => {
    await using cells = await open()
    const placed = []
    for (const name of ['a', 'b', 'c', 'd']) placed.push(await place(cells, name))
    assert.deepEqual(placed, [1, 2, 3, 0])
    assert.equal(await place(cells, 'b'), 2)
    assert.equal(await place(cells, 'b', 3), 2)
    assert.equal(await place(cells, 'e', 3), 3)
    assert.equal(await place(cells, 'f'), 1)
    const { version } = await cells.tables.readShared()
    // Six of them are new.
    assert.equal(version, 7)
  })

  test('none goes to a cell that is down, and none when there are too many', async () => {
    await using cells = await open()
    await server.run(`UPDATE ${cells.schema}.cells SET is_down = true WHERE cell IN (1, 3)`)
    assert.equal(await place(cells, 'a'), 2)
    assert.equal(await place(cells, 'b', undefined, 2), undefined)
    // Those that are there may be asked for.
    assert.equal(await place(cells, 'a', undefined, 2), 2)
    await server.run(`UPDATE ${cells.schema}.cells SET is_down = true`)
    assert.equal(await place(cells, 'c'), undefined)
  })

  test('nodes that place the same one at the same moment get the same cell', async () => {
    await using first = await open()
    await using second = await CellsUnderTest.open(`${server.address}?schema=${first.schema}`)
    const names = Array.from({ length: 9 }, (_, index) => `v${index}`)
    const all = await Promise.all(
      names.flatMap((name) => [place(first, name), place(second, name), place(first, name)]),
    )
    for (let index = 0; index < names.length; index++) {
      const of = all.slice(3 * index, 3 * index + 3)
      assert.equal(new Set(of).size, 1, `${names[index]}: ${String(of)}`)
    }
    const counts = await server.run(
      `SELECT count(*) FROM ${first.schema}.shared GROUP BY cell ORDER BY 1`,
    )
    assert.equal(counts, '2\n2\n3\n3')
  })

  test('a deleted user takes its permissions along, and a virtual host those on it', async () => {
    await using cells = await open()
    const { tables } = cells
    await place(cells, 'a')
    await tables.changeShared(
      [
        putUser('alice'),
        putUser('bob'),
        permission('alice', 'a'),
        permission('alice', '/'),
        permission('bob', 'a'),
        topicPermission('alice', 'a'),
        topicPermission('bob', '/'),
        acl('User:alice'),
      ].map(rowOf),
    )
    const named = async (): Promise<string[]> =>
      (await tables.readShared()).rows.map(({ kind, key }) => `${kind} ${key}`).toSorted()
    await tables.changeShared([rowOf({ kind: 'user', op: 'delete', name: 'alice' })])
    assert.deepEqual(await named(), [
      `acl ${rowOf(acl('User:alice')).key}`,
      'permission ["bob","a"]',
      'topic-permission ["bob","/","amq.topic"]',
      'user "bob"',
      'vhost "/"',
      'vhost "a"',
    ])
    await tables.changeShared([{ op: 'delete', kind: 'vhost', key: vhostKey('a') }])
    assert.deepEqual(await named(), [
      `acl ${rowOf(acl('User:alice')).key}`,
      'topic-permission ["bob","/","amq.topic"]',
      'user "bob"',
      'vhost "/"',
    ])
  })

  test('a permission that comes after its user was deleted is none of the next user of that name', async () => {
    await using cells = await open()
    const { tables } = cells
    await tables.changeShared([rowOf(putUser('alice'))])
    await tables.changeShared([rowOf({ kind: 'user', op: 'delete', name: 'alice' })])
    await tables.changeShared([permission('alice', '/'), topicPermission('alice', '/')].map(rowOf))
    await tables.changeShared([rowOf(putUser('alice'))])
    const { rows } = await tables.readShared()
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['vhost', 'user'],
    )
  })

  test('several changes are one, in their order; doing them twice is doing them once', async () => {
    await using cells = await open()
    const { tables } = cells
    const changes: SharedChange[] = [
      rowOf(putUser('alice', 'old')),
      rowOf({ kind: 'user', op: 'delete', name: 'alice' }),
      rowOf(putUser('alice', 'new')),
    ]
    await tables.changeShared(changes)
    const once = await tables.readShared()
    await tables.changeShared(changes)
    const twice = await tables.readShared()
    assert.deepEqual([once.version, twice.version], [2, 3])
    assert.deepEqual(twice.rows, once.rows)
    assert.match(once.rows.find(({ kind }) => kind === 'user')?.row ?? '', /"new"/)
  })

  test('names of all characters are kept', async () => {
    await using cells = await open()
    const names = ['\0', '\ud800', "';--", '"\\', '\u{1f430}', 'ä'.repeat(127)]
    for (const name of names) await place(cells, name)
    await cells.tables.changeShared(
      names.flatMap((name) => [putUser(name), permission(name, name)]).map(rowOf),
    )
    const { rows } = await cells.tables.readShared()
    const keysOf = (wanted: string): unknown[] =>
      rows.filter(({ kind }) => kind === wanted).map(({ key }) => JSON.parse(key) as unknown)
    assert.deepEqual(new Set(keysOf('vhost')), new Set(['/', ...names]))
    assert.deepEqual(new Set(keysOf('user')), new Set(names))
    assert.deepEqual(
      new Set(keysOf('permission').map(String)),
      new Set(names.map((name) => String([name, name]))),
    )
    for (const name of names) {
      await cells.tables.changeShared([rowOf({ kind: 'user', op: 'delete', name })])
    }
    assert.deepEqual(
      (await cells.tables.readShared()).rows.filter(({ kind }) => kind !== 'vhost'),
      [],
    )
  })

  test('a heartbeat shows the number that each change raises', async () => {
    await using cells = await open()
    const { tables } = cells
    const self = await tables.join({ name: 'n1', address: '', info: '{}' })
    const seen = async (): Promise<number | undefined> => (await tables.beat(self))?.sharedVersion
    assert.equal(await seen(), 1)
    await tables.changeShared([rowOf(putUser('alice'))])
    assert.equal(await seen(), 2)
    assert.equal(await seen(), 2)
    await place(cells, 'a')
    assert.equal(await seen(), 3)
  })

  test('a cluster made by a version without shared rows gets them', async () => {
    await using cells = await open()
    const { schema } = cells
    const { clusterId } = cells.tables.settings
    await server.run(
      `DROP TABLE ${schema}.shared; DROP FUNCTION ${schema}.change_shared; DROP FUNCTION ${schema}.place_vhost;
        ALTER TABLE ${schema}.cluster DROP secret, DROP changes;
        ALTER TABLE ${schema}.files DROP head, DROP tail, DROP ends_key;
        UPDATE ${schema}.cluster SET version = 1, compatible_from = 1`,
    )
    await using again = await CellsUnderTest.open(`${server.address}?schema=${schema}`, 99)
    assert.deepEqual(
      [again.tables.settings.clusterId, again.tables.settings.cellCount],
      [clusterId, cellCount],
    )
    assert.equal((await again.tables.readShared()).rows.length, 1)
    assert.equal(await place(again, 'a'), 1)
  })

  test('however many ask at once after a connection was lost, there is one again', async () => {
    await using cells = await open()
    const connections = `FROM pg_stat_activity WHERE application_name = 'pabal'`
    await server.run(`SELECT pg_terminate_backend(pid) ${connections}`)
    const askAll = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 10 }, () => cells.tables.readShared()))
    // Those that ask before the loss is noticed hear of it.
    const isAnswered = (): Promise<boolean> =>
      askAll().then(
        () => true,
        () => false,
      )
    await waitFor('all are answered', isAnswered)
    assert.equal(await server.run(`SELECT count(*) ${connections}`), '1')
  })
})

function putUser(name: string, passwordHash = 'hash'): AccessChange {
  const row = {
    name,
    passwordHash,
    hashingAlgorithm: 'rabbit_password_hashing_sha256',
    tags: [],
  } as const
  return { kind: 'user', op: 'put', row }
}

function permission(user: string, vhost: string): AccessChange {
  return { kind: 'permission', op: 'put', row: { user, vhost, configure: '', write: '', read: '' } }
}

function topicPermission(user: string, vhost: string): AccessChange {
  const row = { user, vhost, exchange: 'amq.topic', write: '', read: '' }
  return { kind: 'topic-permission', op: 'put', row }
}

function acl(principal: string): AccessChange {
  const row = {
    resourceType: 'topic',
    name: 'events',
    patternType: 'literal',
    principal,
    host: '*',
    operation: 'read',
    permission: 'allow',
  } as const
  return { kind: 'acl', op: 'put', row }
}
