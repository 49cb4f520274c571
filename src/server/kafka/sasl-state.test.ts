import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessControl } from '../../auth/access-control.ts'
import { hashPassword } from '../../auth/password-hash.ts'
import { Users } from '../../auth/users.ts'
import { type Logger, silentLogger } from '../../lib/logger.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { type Authentication, SaslState } from './sasl-state.ts'

const random = seededRandom(3)
const remote = '10.0.0.7'

function login(users: Users, user: string, logger: Logger = silentLogger): SaslState {
  const sasl = new SaslState(users, { remoteAddress: remote, logger })
  sasl.handshake(1, 'PLAIN')
  // A password is checked at once.
  assert.ok(!(sasl.authenticate(Buffer.from(`\0${user}\0pw`)) instanceof Promise))
  return sasl
}

test('administrators and who has any permission in / come in, others do not', () => {
  const access = new AccessControl()
  const users = new Users({ own: { name: 'own', password: 'pw' }, access, random })
  const all = { configure: '.*', write: '.*', read: '.*' }
  for (const [name, tag, permission] of [
    ['admin', 'administrator', undefined],
    ['whole', 'management', all],
    ['part', 'management', { ...all, configure: '^a' }],
    ['empty', 'management', { configure: '', write: '', read: '' }],
    ['none', 'management', undefined],
  ] as const) {
    const row = { name, tags: [tag], ...hashPassword(Buffer.from('pw'), random) }
    access.apply({ kind: 'user', op: 'put', row })
    if (permission === undefined) continue
    access.apply({ kind: 'permission', op: 'put', row: { user: name, vhost: '/', ...permission } })
  }
  const names = ['own', 'admin', 'whole', 'part', 'empty', 'none', 'missing']
  const allowed = names.filter((name) => login(users, name).allows('work'))
  assert.deepEqual(allowed, ['own', 'admin', 'whole', 'part', 'empty'])
})

test('a permission that is taken is gone on open connections', () => {
  const access = new AccessControl()
  const users = new Users({ own: { name: 'own', password: 'pw' }, access, random })
  const row = { name: 'u', tags: [], ...hashPassword(Buffer.from('pw'), random) }
  const place = { user: 'u', vhost: '/' }
  access.apply({ kind: 'user', op: 'put', row })
  const all = { configure: '.*', write: '.*', read: '.*' }
  access.apply({ kind: 'permission', op: 'put', row: { ...place, ...all } })
  const sasl = login(users, 'u')
  assert.ok(sasl.allows('work'))
  access.apply({ kind: 'permission', op: 'delete', ...place })
  assert.ok(!sasl.allows('work'))
  access.apply({ kind: 'user', op: 'put', row: { ...row, tags: ['administrator'] } })
  assert.ok(sasl.allows('work'))
  access.apply({ kind: 'user', op: 'delete', name: 'u' })
  assert.ok(!sasl.allows('work'))
})

test('the log tells what a client asked for and may not do', () => {
  const access = new AccessControl()
  const users = new Users({ own: { name: 'own', password: 'pw' }, access, random })
  const row = { name: 'u', tags: [], ...hashPassword(Buffer.from('pw'), random) }
  access.apply({ kind: 'user', op: 'put', row })
  const patterns = { configure: '', write: '^mine$', read: '' }
  access.apply({ kind: 'permission', op: 'put', row: { user: 'u', vhost: '/', ...patterns } })
  const lines: unknown[] = []
  const sasl = login(users, 'u', { ...silentLogger, info: (...line) => void lines.push(line) })
  assert.ok(sasl.access.needsTopic('write', 'mine'))
  assert.ok(!sasl.access.needsTopic('read', 'mine'))
  const reason = "read access to topic 'mine' in vhost '/' refused for user 'u'"
  assert.deepEqual(lines, [[{ remote, reason }, 'Kafka request refused']])
})

test('who logs in again goes on as what it was, with the debt for what it has published', () => {
  const users = new Users({
    own: { name: 'own', password: 'pw' },
    access: new AccessControl(),
    random,
  })
  const sasl = new SaslState(users, { remoteAddress: remote })
  let count = 0
  sasl.whenLoggedIn(() => count++)
  for (let logins = 0; logins < 3; logins++) {
    sasl.handshake(1, 'PLAIN')
    assert.ok(!(sasl.authenticate(Buffer.from('\0own\0pw')) instanceof Promise))
    assert.ok(sasl.allows('work'))
  }
  assert.equal(count, 1)
})

test('a login holds no longer than it may, and another user is not taken for it', () => {
  const access = new AccessControl()
  const users = new Users({ own: { name: 'own', password: 'pw' }, access, random })
  access.apply({
    kind: 'user',
    op: 'put',
    row: { name: 'u', tags: ['administrator'], ...hashPassword(Buffer.from('pw'), random) },
  })
  const clock = new VirtualClock()
  const sasl = new SaslState(users, { remoteAddress: remote, sessionMsMax: 5000, clock })
  const again = (user: string): Authentication => {
    sasl.handshake(1, 'PLAIN')
    return sasl.authenticate(Buffer.from(`\0${user}\0pw`)) as Authentication
  }
  const first = again('own')
  assert.ok(first.isAccepted && first.sessionLifetimeMs === 5000)
  clock.advance(4999)
  assert.ok(sasl.allows('work'))
  clock.advance(1)
  assert.ok(!sasl.allows('work') && sasl.allows('login'))
  assert.ok(again('own').isAccepted && sasl.allows('work'))
  const other = again('u')
  assert.ok(!other.isAccepted && /Cannot change principals/.test(other.reason ?? ''))
  assert.ok(!sasl.allows('login'))
})

test('whoever has shown a certificate of a user is in', () => {
  const access = new AccessControl()
  const users = new Users({ own: { name: 'own', password: 'pw' }, access, random })
  const row = { passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  access.apply({ kind: 'user', op: 'put', row: { name: 'CN=app', tags: [], ...row } })
  const of = (certifiedAs: string): SaslState => {
    return new SaslState(users, { remoteAddress: remote, certifiedAs })
  }
  assert.ok(!of('CN=app').allows('work'), 'it may do nothing')
  const all = { configure: '.*', write: '.*', read: '.*' }
  access.apply({ kind: 'permission', op: 'put', row: { user: 'CN=app', vhost: '/', ...all } })
  assert.equal(of('CN=app').principal?.user, 'CN=app')
  assert.ok(of('CN=app').allows('work') && !of('CN=other').allows('work'))
})
