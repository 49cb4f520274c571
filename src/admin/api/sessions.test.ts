import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessControl } from '../../auth/access-control.ts'
import { ownHashing } from '../../auth/password-hash.ts'
import { systemRandom } from '../../lib/random.ts'
import { adminLimits } from '../../limits/admin.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Sessions } from './sessions.ts'

const principal = { protocol: 'HTTP', address: '::1', user: 'u', tags: [] } as const
const row = {
  name: 'u',
  tags: ['monitoring'],
  passwordHash: 'h',
  hashingAlgorithm: ownHashing,
} as const

function open(): { sessions: Sessions; access: AccessControl; clock: VirtualClock } {
  const access = new AccessControl()
  access.apply({ kind: 'user', op: 'put', row })
  const clock = new VirtualClock()
  return { sessions: new Sessions({ access, clock, random: systemRandom }), access, clock }
}

test('a session is its user with the tags of now, until it is ended', () => {
  const { sessions } = open()
  const token = sessions.begin(principal)
  assert.deepEqual(sessions.find(token), { ...principal, tags: ['monitoring'] })
  assert.equal(sessions.find(`${token}x`), undefined)
  sessions.end(token)
  assert.equal(sessions.find(token), undefined)
})

test('a session says when it ends', () => {
  const { sessions, clock } = open()
  const { sessionIdleMsMax, sessionMsMax } = adminLimits
  const token = sessions.begin(principal)
  assert.equal(sessions.endsAt(token), clock.now() + sessionIdleMsMax)
  clock.advance(1000)
  assert.equal(sessions.endsAt(token), clock.now() + sessionIdleMsMax - 1000)
  const end = clock.now() - 1000 + sessionMsMax
  while (end - clock.now() > sessionIdleMsMax) {
    clock.advance(sessionIdleMsMax / 2)
    sessions.find(token)
  }
  assert.equal(sessions.endsAt(token), end)
  sessions.end(token)
  assert.equal(sessions.endsAt(token), undefined)
})

test('another password ends the sessions of the one before, and so does the end of the user', () => {
  const { sessions, access } = open()
  const token = sessions.begin(principal)
  access.apply({ kind: 'user', op: 'put', row: { ...row, passwordHash: 'other' } })
  assert.equal(sessions.find(token), undefined)
  const next = sessions.begin(principal)
  access.apply({ kind: 'user', op: 'delete', name: 'u' })
  assert.equal(sessions.find(next), undefined)
})

test('a session ends when it is not used for hours, and after a day', () => {
  const { sessions, clock } = open()
  const { sessionIdleMsMax, sessionMsMax } = adminLimits
  const idle = sessions.begin(principal)
  clock.advance(sessionIdleMsMax + 1)
  assert.equal(sessions.find(idle), undefined)
  const used = sessions.begin(principal)
  for (let ms = 0; ms < sessionMsMax; ms += sessionIdleMsMax) {
    assert.ok(sessions.find(used))
    clock.advance(sessionIdleMsMax)
  }
  clock.advance(1)
  assert.equal(sessions.find(used), undefined)
})

test('a user with too many sessions loses the one that was not used for longest', () => {
  const { sessions } = open()
  const [first, second] = [sessions.begin(principal), sessions.begin(principal)]
  assert.ok(sessions.find(first))
  for (let n = 2; n <= adminLimits.sessionsPerUserMax; n++) sessions.begin(principal)
  assert.ok(sessions.find(first))
  assert.equal(sessions.find(second), undefined)
})
