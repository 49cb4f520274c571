import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SharedChange, SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import { accessOf, changesBetween, rowOf } from './shared-rows.ts'

const name = fc.string({ unit: 'binary', maxLength: 8 })
const plain = { noNullPrototype: true }
const user = fc.record(
  {
    name,
    passwordHash: name,
    hashingAlgorithm: fc.constant('rabbit_password_hashing_sha256' as const),
    tags: fc.array(name, { maxLength: 2 }),
  },
  plain,
)
const permission = fc.record(
  { user: name, vhost: name, configure: name, write: name, read: name },
  plain,
)
const topicPermission = fc.record(
  {
    user: name,
    vhost: name,
    exchange: name,
    write: name,
    read: name,
  },
  plain,
)
const acl: fc.Arbitrary<AclRow> = fc.record(
  {
    resourceType: fc.constantFrom('topic', 'group'),
    name,
    patternType: fc.constantFrom('literal', 'prefixed'),
    principal: name,
    host: name,
    operation: fc.constantFrom('read', 'write'),
    permission: fc.constantFrom('allow', 'deny'),
  },
  plain,
)

const change: fc.Arbitrary<AccessChange> = fc.oneof(
  user.map((row): AccessChange => ({ kind: 'user', op: 'put', row })),
  name.map((each): AccessChange => ({ kind: 'user', op: 'delete', name: each })),
  permission.map((row): AccessChange => ({ kind: 'permission', op: 'put', row })),
  permission.map(({ user, vhost }): AccessChange => ({
    kind: 'permission',
    op: 'delete',
    user,
    vhost,
  })),
  topicPermission.map((row): AccessChange => ({ kind: 'topic-permission', op: 'put', row })),
  topicPermission.map(({ user, vhost, exchange }): AccessChange => ({
    kind: 'topic-permission',
    op: 'delete',
    user,
    vhost,
    exchange,
  })),
  acl.map((row): AccessChange => ({ kind: 'acl', op: 'put', row })),
  acl.map((row): AccessChange => ({ kind: 'acl', op: 'delete', row })),
)

test('every change is a row, and the row is the change again', () => {
  fc.assert(fc.property(change, (each) => assert.deepEqual(accessOf(rowOf(each)), each)))
})

test('what is put and what is deleted have the same key', () => {
  fc.assert(
    fc.property(permission, topicPermission, acl, (one, other, third) => {
      const { user, vhost } = one
      assert.equal(
        rowOf({ kind: 'permission', op: 'put', row: one }).key,
        rowOf({ kind: 'permission', op: 'delete', user, vhost }).key,
      )
      assert.equal(
        rowOf({ kind: 'topic-permission', op: 'put', row: other }).key,
        rowOf({ ...other, kind: 'topic-permission', op: 'delete' }).key,
      )
      assert.equal(
        rowOf({ kind: 'acl', op: 'put', row: third }).key,
        rowOf({ kind: 'acl', op: 'delete', row: third }).key,
      )
    }),
  )
})

test('a permission says with whom it goes, and an ACL with nobody', () => {
  const row = { user: 'alice', vhost: 'a', configure: '', write: '', read: '' }
  const put = rowOf({ kind: 'permission', op: 'put', row })
  assert.deepEqual(put.op === 'put' && [put.userKey, put.vhostKey], ['"alice"', '"a"'])
})

function tableOf(changes: readonly SharedChange[]): Map<string, SharedRow> {
  const rows = new Map<string, SharedRow>()
  for (const each of changes) {
    if (each.op === 'put') {
      const { kind, key, row } = each
      rows.set(`${kind} ${key}`, { kind, key, row, cell: undefined })
    } else rows.delete(`${each.kind} ${each.key}`)
  }
  return rows
}

test('the changes between two tables make one of the other, users first', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (first, second) => {
      const before = tableOf(first.map(rowOf))
      const after = tableOf([...first, ...second].map(rowOf))
      const between = changesBetween(before, after)
      const puts = between.filter(({ op }) => op === 'put')
      const lastUser = puts.findLastIndex(({ kind }) => kind === 'user')
      const firstOther = puts.findIndex(({ kind }) => kind !== 'user')
      assert.ok(firstOther === -1 || lastUser < firstOther)
      const made = tableOf([...first.map(rowOf), ...between])
      assert.deepEqual(made, after)
    }),
  )
})

test('a table is no change of itself', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const table = tableOf(changes.map(rowOf))
      assert.deepEqual(changesBetween(table, table), [])
    }),
  )
})
