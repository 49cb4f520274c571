import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findInServer } from './server-check.ts'

const good = {
  version: 150_018,
  fsync: 'on',
  pages: 'on',
  standbys: 'ANY 1 (a, b)',
  autovacuum: 'on',
  connections: 100,
}

test('a server with a synchronous standby is in order', () => {
  assert.deepEqual(findInServer(good, 50), [])
})

test('whatever confirms rely on is looked at', () => {
  const kindsOf = (change: Partial<typeof good>): string[] =>
    findInServer({ ...good, ...change }, 50).map(({ kind }) => kind)
  assert.deepEqual(kindsOf({ version: 130_000 }), ['refuse'])
  assert.deepEqual(kindsOf({ fsync: 'off' }), ['refuse'])
  assert.deepEqual(kindsOf({ pages: 'off' }), ['refuse'])
  assert.deepEqual(kindsOf({ standbys: '' }), ['no standby'])
  assert.deepEqual(kindsOf({ autovacuum: 'off', connections: 20 }), ['advice', 'advice'])
})
