import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { OwnUser } from '../auth/users.ts'
import { silentLogger } from '../lib/logger.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { PasswordFile } from './password-file.ts'

test('a password that changes in its file is taken over; without one the old one stays', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-password-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'password')
  writeFileSync(file, 'one\n')
  const taken: OwnUser[] = []
  const users = { setOwn: (user: OwnUser) => void taken.push(user) }
  const parts = { users, clock: new VirtualClock(), logger: silentLogger }
  using watched = new PasswordFile(file, { name: 'admin', password: 'one' }, parts)
  await watched.look()
  assert.deepEqual(taken, [])
  writeFileSync(file, '')
  await watched.look()
  rmSync(file)
  await watched.look()
  assert.deepEqual(taken, [])
  writeFileSync(file, 'two\n')
  await watched.look()
  await watched.look()
  assert.deepEqual(taken, [{ name: 'admin', password: 'two' }])
})
