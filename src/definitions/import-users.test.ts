// Users and their permissions in definitions.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DefinitionsUnderTest, rowTexts } from '../../test/support/definitions-under-test.ts'
import { matchesPassword } from '../auth/password-hash.ts'

let under: DefinitionsUnderTest
beforeEach(() => {
  under = new DefinitionsUnderTest()
})

test('users as all versions write them, with a password that is given, too', async () => {
  const { access } = under.broker
  const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'
  await under.import({
    users: [
      { name: 'text', password_hash: hash, tags: 'a, b' },
      { name: 'list', password_hash: hash, tags: ['a', 'b'] },
      { name: 'older', password_hash: hash, administrator: true },
      { name: 'given', password: 'secret', tags: [] },
      { name: 'none', password_hash: '', tags: '' },
    ],
  })
  assert.deepEqual(access.findUser('text')?.tags, ['a', 'b'])
  assert.deepEqual(access.findUser('list')?.tags, ['a', 'b'])
  assert.deepEqual(access.findUser('older')?.tags, ['administrator'])
  assert.equal(access.findUser('none')?.passwordHash, '')
  const given = access.findUser('given')
  assert.ok(given && matchesPassword(Buffer.from('secret'), given))
  assert.equal(given.scram?.length, 2)
  const again = await under.import({ users: [{ name: 'given', password: 'secret', tags: [] }] })
  assert.equal(again.counts['user']?.same, 1)
  // The hash is the one that it has: SCRAM goes on, while the tags change.
  const { passwordHash: password_hash } = given
  const changed = await under.import({ users: [{ name: 'given', password_hash, tags: ['x'] }] })
  assert.equal(changed.counts['user']?.change, 1)
  assert.deepEqual(access.findUser('given')?.tags, ['x'])
  assert.deepEqual(access.findUser('given')?.scram, given.scram)
})

test('files of RabbitMQ before 3.6 have hashes that are not served', async () => {
  const users = [{ name: 'a', password_hash: 'AAAA', tags: '' }]
  const report = await under.import({ rabbit_version: '3.5.8', users })
  assert.match(rowTexts(report)[0] ?? '', /^ignored user a: hashing algorithm .*md5/)
})

test('a line is the same whichever way its permission came', async () => {
  const hashed = { passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  const patterns = { write: 'w', read: 'r' }
  const place = { vhost: '/', user: 'u' }
  await under.keeper.putUser({ name: 'u', tags: [], ...hashed })
  await under.keeper.setPermission({ ...patterns, configure: 'c', ...place })
  await under.keeper.setTopicPermission({ ...patterns, exchange: 'e', ...place })
  const lines = (await under.exportText()).split('\n')
  const other = new DefinitionsUnderTest()
  await other.import(lines.join('\n'))
  assert.deepEqual((await other.exportText()).split('\n'), lines)
})

test('permissions with a user are for one that is new', async () => {
  const patterns = { configure: '', write: '.*', read: '' }
  const user = { name: 'u', password_hash: '', tags: '', permissions: { '/': patterns } }
  assert.equal((await under.import({ users: [user] })).counts['permission']?.add, 1)
  const others = { ...user, permissions: { '/': { ...patterns, read: '.*' } } }
  assert.equal((await under.import({ users: [others] })).counts['permission'], undefined)
  assert.equal(under.broker.access.permissions([])[0]?.read, '')
})

test('a check says from what to what, and no secret', async () => {
  await under.import({ users: [{ name: 'u', password: 'old', tags: ['a'] }] })
  const file = { users: [{ name: 'u', password: 'new', tags: ['a', 'b'] }] }
  const { rows } = await under.import(file, { isCheck: true })
  assert.deepEqual(rows[0]?.differences, [
    { field: 'tags', from: ['a'], to: ['a', 'b'] },
    { field: 'password', from: 'as it is', to: 'another' },
  ])
  assert.deepEqual(under.broker.access.findUser('u')?.tags, ['a'])
})

test('policies and limits are compared value by value', async () => {
  const policy = { vhost: '/', name: 'p', pattern: '^a', 'apply-to': 'queues', priority: 0 }
  await under.import({ policies: [{ ...policy, definition: { 'max-length': 5, expires: 1000 } }] })
  const { rows } = await under.import(
    { policies: [{ ...policy, pattern: '^b', definition: { 'max-length': 7 } }] },
    { isCheck: true },
  )
  assert.deepEqual(rows[0]?.differences, [
    { field: 'pattern', from: '^a', to: '^b' },
    { field: 'definition.max-length', from: 5, to: 7 },
    { field: 'definition.expires', from: 1000 },
  ])
})
