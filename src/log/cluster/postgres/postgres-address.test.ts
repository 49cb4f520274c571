import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePostgresAddress } from './postgres-address.ts'

test('an address has several hosts, each with all the rest', () => {
  const { hosts, schema } = parsePostgresAddress(
    'postgres://me:p%40ss@db1,db2:5433,[::1]:5434/pabal?sslmode=verify-full&schema=mine',
  )
  assert.equal(schema, 'mine')
  assert.deepEqual(
    hosts.map(({ name }) => name),
    ['db1', 'db2:5433', '[::1]:5434'],
  )
  assert.equal(hosts[1]?.url, 'postgres://me:p%40ss@db2:5433/pabal?sslmode=verify-full')
})

test('a host is this machine when there is none, or a folder of a socket', () => {
  const [local] = parsePostgresAddress('postgresql:///pabal').hosts
  assert.equal(local?.url, 'postgres://localhost/pabal')
  const [socket] = parsePostgresAddress('postgres://me@%2Frun%2Fpg:5433/pabal').hosts
  assert.equal(socket?.name, '/run/pg:5433')
})

test('what is no address is refused without telling its password', () => {
  for (const address of [
    'mysql://me:secret@db/x',
    'me:secret@db',
    'postgres://me:secret@db:port/x',
    'postgres://me:secret@db/x?schema=a;drop',
  ]) {
    assert.throws(
      () => parsePostgresAddress(address),
      (error) => error instanceof Error && !error.message.includes('secret'),
      address,
    )
  }
})
