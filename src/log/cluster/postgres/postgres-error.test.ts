import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDoubt, judgePostgresError } from './postgres-error.ts'

function serverError(code: string): Error {
  return Object.assign(new Error(code), { code, severity: 'ERROR' })
}

test('errors of the socket, and of servers that come and go, are tried again', () => {
  assert.equal(judgePostgresError(new Error('Connection terminated unexpectedly')), 'again')
  assert.equal(judgePostgresError(Object.assign(new Error('x'), { code: 'EPIPE' })), 'again')
  for (const code of ['57P01', '57P03', '57014', '08006', '25006', '40001', '40P01', '53300']) {
    assert.equal(judgePostgresError(serverError(code)), 'again', code)
  }
})

test('a full disk, a lock and a key that is there have verdicts of their own', () => {
  assert.equal(judgePostgresError(serverError('53100')), 'full')
  assert.equal(judgePostgresError(serverError('55P03')), 'busy')
  assert.equal(judgePostgresError(serverError('23505')), 'exists')
  assert.equal(judgePostgresError(serverError('42501')), 'hopeless')
  assert.equal(judgePostgresError(serverError('22000')), 'io')
})

test('every notice puts a write in doubt but those that say that all is well', () => {
  assert.ok(isDoubt({ code: '01000' }))
  assert.ok(isDoubt({ code: '57P01' }))
  assert.ok(isDoubt({}))
  assert.ok(!isDoubt({ code: '00000' }))
  assert.ok(!isDoubt({ code: '42P07' }))
})
