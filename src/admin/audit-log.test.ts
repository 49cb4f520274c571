import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminLimits } from '../limits/admin.ts'
import { AuditLog } from './audit-log.ts'

const entry = { time: 0, user: 'u', address: '::1', method: 'PUT' }

test('the newest entry is first, and the oldest goes when there are too many', () => {
  const log = new AuditLog()
  assert.deepEqual(log.entries(), [])
  for (const path of ['/a', '/b']) log.add({ ...entry, path })
  assert.deepEqual(log.entries(), [
    { ...entry, path: '/b' },
    { ...entry, path: '/a' },
  ])
  for (let n = 1; n < adminLimits.auditEntriesMax; n++) log.add({ ...entry, path: `/${n}` })
  const paths = log.entries().map(({ path }) => path)
  assert.equal(paths.length, adminLimits.auditEntriesMax)
  assert.equal(paths[0], `/${adminLimits.auditEntriesMax - 1}`)
  assert.equal(paths.at(-1), '/b')
})

test('a long path is cut', () => {
  const log = new AuditLog()
  log.add({ ...entry, path: `/${'x'.repeat(10_000)}` })
  assert.equal(log.entries()[0]?.path.length, adminLimits.auditPathLengthMax)
})
