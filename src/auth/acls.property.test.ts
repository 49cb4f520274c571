// The decision over random ACLs, users, addresses and operations equals that of a model that looks at each ACL.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AclRow } from '../meta/acl-row.ts'
import { AccessControl } from './access-control.ts'
import { type AskedOperation, askedOperations } from './acl-bits.ts'
import { mayInKafka, permittingRight } from './kafka-rights.ts'
import type { Rights } from './rights.ts'

const users = ['a', 'b', 'boss', '*'] as const
const hosts = ['10.0.0.1', '10.0.0.2', '::1'] as const
const names = ['o', 'or', 'orders', 'orders-1', 'x', '*'] as const
const types = ['topic', 'group', 'cluster', 'transactional-id'] as const

const acls = fc.record({
  resourceType: fc.constantFrom(...types),
  name: fc.constantFrom(...names, ''),
  patternType: fc.constantFrom('literal', 'prefixed'),
  principal: fc.constantFrom('User:a', 'User:b', 'User:boss', 'User:*', 'Group:a'),
  host: fc.constantFrom('*', '10.0.0.1', '0:0:0:0:0:0:0:1'),
  operation: fc.constantFrom('all', ...askedOperations),
  permission: fc.constantFrom('allow', 'deny'),
}) as fc.Arbitrary<AclRow>

const change = fc.record({ op: fc.constantFrom('put', 'put', 'delete'), row: acls })
const question = fc.record({
  user: fc.constantFrom(...users),
  host: fc.constantFrom(...hosts),
  type: fc.constantFrom(...types),
  name: fc.constantFrom(...names),
  operation: fc.constantFrom(...askedOperations),
})

type Question = typeof question extends fc.Arbitrary<infer Value> ? Value : never

test('the decision is that of a look at each ACL, whatever came and went before', () => {
  const property = fc.property(
    fc.array(change, { maxLength: 30 }),
    fc.array(question, { minLength: 1, maxLength: 20 }),
    (changes, questions) => {
      const access = accessWithUsers()
      const there = new Map<string, AclRow>()
      // The same objects are asked before, between and after: what they remember must not be old.
      const rights = new Map<string, Rights>()
      for (const { op, row } of changes) {
        access.apply({ kind: 'acl', op, row })
        if (op === 'put') there.set(JSON.stringify(row), row)
        else there.delete(JSON.stringify(row))
        for (const asked of questions) check(access, rights, there, asked)
      }
    },
  )
  fc.assert(property, { numRuns: 300 })
})

function check(
  access: AccessControl,
  rights: Map<string, Rights>,
  there: ReadonlyMap<string, AclRow>,
  asked: Question,
): void {
  const { user, host, type, name, operation } = asked
  const key = `${user} ${host}`
  let own = rights.get(key)
  if (own === undefined) {
    own = access.rightsFor({ user, tags: [], protocol: 'Kafka', address: host }, '/')
    rights.set(key, own)
  }
  const rows = [...there.values()]
  const verdict = modelVerdict(rows, asked)
  const expected = verdict ?? permittingRight(own, { type, operation, name }) !== undefined
  assert.equal(mayInKafka(own, { type, operation, name }), expected)
  const deciding = own.findAcl(operation, type, name)
  assert.equal(deciding && deciding.permission === 'allow', verdict)
  if (user !== 'boss') {
    assert.equal(
      own.hasDenials,
      rows.some((row) => row.permission === 'deny' && isFor(row, user)),
    )
  }
}

/** Kafka's StandardAuthorizer, without any index. */
function modelVerdict(
  rows: readonly AclRow[],
  { user, host, type, name, operation }: Question,
): boolean | undefined {
  const fitting = rows.filter(
    (row) =>
      row.resourceType === type &&
      isFor(row, user) &&
      (row.host === '*' || row.host === host || (row.host.endsWith(':1') && host === '::1')) &&
      (row.patternType === 'literal'
        ? row.name === name || row.name === '*'
        : name.startsWith(row.name)) &&
      says(row, operation),
  )
  if (user !== 'boss' && fitting.some(({ permission }) => permission === 'deny')) return false
  return fitting.some(({ permission }) => permission === 'allow') ? true : undefined
}

function isFor({ principal }: AclRow, user: string): boolean {
  return principal === `User:${user}` || principal === 'User:*'
}

function says({ operation: said, permission }: AclRow, asked: AskedOperation): boolean {
  if (said === 'all' || said === asked) return true
  if (permission === 'deny') return false
  if (asked === 'describe') return ['read', 'write', 'delete', 'alter'].includes(said)
  return asked === 'describe-configs' && said === 'alter-configs'
}

function accessWithUsers(): AccessControl {
  const access = new AccessControl()
  const user = { passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  for (const name of users) {
    const tags = name === 'boss' ? ['administrator'] : []
    access.apply({ kind: 'user', op: 'put', row: { name, tags, ...user } })
  }
  const permission = { vhost: '/', configure: '', write: '^o', read: '^orders' }
  access.apply({ kind: 'permission', op: 'put', row: { user: 'a', ...permission } })
  return access
}
