import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { TopologyEntry } from '../log/commit.ts'
import type { UserRow } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import { foldTopology } from '../meta/fold-topology.ts'
import { encodeTopologyChanges, type TopologyChange } from '../meta/topology-change.ts'
import { emptyTable } from '../record/message/field-table.ts'
import { accessForFolder, stateOfFolder } from './carried-access.ts'
import { rowOf } from './shared-rows.ts'

const op = 'put'

function user(name: string, passwordHash = 'aaaa'): TopologyChange & { readonly kind: 'user' } {
  const hashingAlgorithm = 'rabbit_password_hashing_sha256' as const
  const row: UserRow = { name, passwordHash, hashingAlgorithm, tags: [] }
  return { kind: 'user', op, row }
}

function permission(of: string, vhost: string): TopologyChange & { readonly kind: 'permission' } {
  const row = { user: of, vhost, configure: '.*', write: '.*', read: '.*' }
  return { kind: 'permission', op, row }
}

function queue(vhost: string): TopologyChange {
  const row = { vhost, name: 'q', type: 'classic', logId: 1, cursorId: 1, autoDelete: false }
  return { kind: 'queue', op, row: { ...row, arguments: emptyTable } }
}

const acl: AclRow = {
  resourceType: 'topic',
  name: 'events',
  patternType: 'literal',
  principal: 'User:app',
  host: '*',
  operation: 'read',
  permission: 'allow',
}

function entriesOf(...changes: TopologyChange[]): TopologyEntry[] {
  return changes.map((change, at) => ({
    sequence: at + 1,
    bytes: encodeTopologyChanges([change]),
  }))
}

function shared(...changes: Parameters<typeof rowOf>[0][]): SharedRow[] {
  return changes.map((change) => {
    const row = rowOf(change)
    assert.ok(row.op === 'put')
    return { kind: row.kind, key: row.key, cell: undefined, row: row.row }
  })
}

function vhost(name: string, cell: number): SharedRow {
  return { kind: 'vhost', key: JSON.stringify(name), cell, row: JSON.stringify({ name }) }
}

test('a folder brings its users along, and those that the cluster has stay', () => {
  const made: TopologyChange = { kind: 'vhost', op, row: { name: 'shop' } }
  const entries = entriesOf(made, user('app'), user('admin', 'mine'), permission('app', 'shop'))
  const rows = [vhost('/', 0), ...shared(user('admin', 'theirs'))]
  const { access, vhosts, keptUsers } = stateOfFolder(entries, 0, rows)
  assert.deepEqual(
    access.map(({ kind, key }) => `${kind} ${key}`),
    ['user "app"', 'permission ["app","shop"]'],
  )
  assert.deepEqual(vhosts, [{ key: '"shop"', row: '{"name":"shop"}' }])
  assert.deepEqual(keptUsers, ['admin'])
})

test('what is in a virtual host of another cell is refused', () => {
  const entries = entriesOf(queue('/'))
  assert.throws(
    () => stateOfFolder(entries, 2, [vhost('/', 0)]),
    /the virtual host '\/' of the folder is in cell 0 of the cluster, and cannot be in cell 2/,
  )
  assert.doesNotThrow(() => stateOfFolder(entriesOf(user('app')), 2, [vhost('/', 0)]))
})

test('a cell that becomes a folder gets the users of the cluster, and no others', () => {
  const stale = entriesOf(
    queue('shop'),
    user('gone'),
    user('app', 'old'),
    permission('gone', 'shop'),
  )
  const rows = [
    vhost('/', 0),
    vhost('shop', 1),
    ...shared(user('app', 'new'), permission('app', 'shop'), permission('app', '/elsewhere')),
    ...shared({ kind: 'acl', op, row: acl }),
  ]
  const bytes = accessForFolder(stale, 1, rows)
  assert.ok(bytes)
  const { access, queues } = foldTopology([...stale, { sequence: 9, bytes }])
  assert.equal(queues.length, 1)
  assert.deepEqual(
    access.users.map(({ name, passwordHash }) => [name, passwordHash]),
    [['app', 'new']],
  )
  assert.deepEqual(
    access.permissions.map((row) => `${row.user} ${row.vhost}`),
    ['app shop'],
  )
  assert.deepEqual(access.acls, [acl])
  assert.equal(accessForFolder([...stale, { sequence: 9, bytes }], 1, rows), undefined)
})

test('what else a cluster shares is nothing for a folder', () => {
  const [alice] = shared(user('alice'))
  const ended = {
    kind: 'ended-session',
    key: '"s"',
    cell: undefined,
    row: '{"user":"alice","beganAt":1}',
  }
  const bytes = accessForFolder([], 0, [alice!, ended])
  const { access } = foldTopology([{ sequence: 1, bytes: bytes! }])
  assert.deepEqual(
    access.users.map(({ name }) => name),
    ['alice'],
  )
  assert.equal(accessForFolder([], 0, [ended]), undefined)
})
