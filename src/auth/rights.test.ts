import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectGarbage } from '../../test/support/collect-garbage.ts'
import { authLimits } from '../limits/auth.ts'
import type { PermissionRow } from '../meta/access-rows.ts'
import { Rights } from './rights.ts'

const place = { user: 'a.b', vhost: 'v' }

function rightsOf(permission: Partial<PermissionRow>, topics: [string, string][] = []): Rights {
  const none = { configure: '', write: '', read: '' }
  return new Rights(place, {
    permission: { ...place, ...none, ...permission },
    topics: topics.map(([exchange, write]) => ({ ...place, exchange, write, read: '' })),
  })
}

test('a pattern is found anywhere in a name, an empty one in none', () => {
  const rights = rightsOf({ write: 'b', read: '^b$' })
  assert.ok(rights.may('write', 'abc') && !rights.may('read', 'abc') && rights.may('read', 'b'))
  assert.ok(!rights.may('configure', 'b') && !rights.may('configure', ''))
})

test('the default exchange is asked for by its own name', () => {
  const rights = rightsOf({ write: String.raw`^amq\.default$` })
  assert.ok(rights.may('write', '') && !rights.may('write', 'x'))
})

test('a user without limits of any kind need not be asked for', () => {
  const all = { configure: '.*', write: '^.*$', read: '.*' }
  assert.ok(rightsOf(all).isUnrestricted)
  assert.ok(!rightsOf({ ...all, read: '.+' }).isUnrestricted)
  assert.ok(!rightsOf(all, [['t', '.*']]).isUnrestricted)
})

test('a variable stands for itself, also where it looks like a pattern', () => {
  const rights = rightsOf({}, [['t', '^{username}[{]other}$']])
  assert.ok(rights.mayTopic('write', 't', 'a.b{other}'))
  assert.ok(!rights.mayTopic('write', 't', 'axb{other}'))
  assert.ok(rights.mayTopic('write', 'another', 'x'))
})

test('change() is in force for names that were asked for before, however many', () => {
  const rights = rightsOf({ write: '^q' })
  const names = Array.from({ length: 2 * authLimits.rightsKnownMax }, (_, index) => `q${index}`)
  assert.ok(names.every((name) => rights.may('write', name)))
  rights.change({ permission: undefined, topics: [] })
  assert.ok(!names.some((name) => rights.may('write', name)) && !rights.hasAccess)
})

test('names that are too long for anything are not remembered', () => {
  const rights = rightsOf({ read: 'b$' })
  const [size, count] = [100_000, 500]
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < count; at++) {
    const name = Buffer.alloc(size, `${at} `).toString('latin1')
    assert.ok(!rights.may('read', name) && rights.may('read', `${name}b`))
  }
  collectGarbage()
  assert.ok(process.memoryUsage().heapUsed - before < (size * count) / 5)
  assert.ok(!rights.may('read', 'a'))
})
