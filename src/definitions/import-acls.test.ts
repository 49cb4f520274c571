// ACLs in definitions.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DefinitionsUnderTest, rowTexts } from '../../test/support/definitions-under-test.ts'

let under: DefinitionsUnderTest
beforeEach(() => {
  under = new DefinitionsUnderTest()
})

const acl = {
  resource_type: 'topic',
  name: 'orders',
  pattern_type: 'prefixed',
  principal: 'User:app',
  host: '*',
  operation: 'read',
  permission: 'allow',
}

test('ACLs come in once, and go out as they came', async () => {
  const { name, pattern_type, host, ...short } = acl
  const report = await under.import({ acls: [acl, { ...short, name: 'x' }] })
  assert.equal(report.counts['acl']?.add, 2)
  const { acls } = await under.export()
  assert.deepEqual(acls, [acl, { ...acl, name: 'x', pattern_type: 'literal' }])
  assert.equal((await under.import({ acls })).counts['acl']?.same, 2)
  const rights = under.broker.access.rightsOf('app', '/')
  assert.ok(rights.may('read', 'orders-1') && !rights.may('read', 'y'))
  assert.deepEqual([name, pattern_type, host], ['orders', 'prefixed', '*'])
})

test('a broker without ACLs writes none, as RabbitMQ', async () => {
  assert.ok(!('acls' in (await under.export())))
})

test('an ACL that cannot be is told, one that is malformed refuses the file', async () => {
  const report = await under.import({ acls: [{ ...acl, principal: 'app' }] })
  assert.match(rowTexts(report)[0] ?? '', /^ignored acl .*no colon is present/)
  for (const wrong of [{ operation: 'fly' }, { name: 3 }, { permission: undefined }]) {
    await assert.rejects(under.import({ acls: [{ ...acl, ...wrong }] }), /acls\[0\]/)
  }
})

test('a user with a SCRAM credential alone keeps it when its tags change', async () => {
  const { broker, keeper } = under
  const secret = { mechanism: 'SCRAM-SHA-256', salt: 'AA', iterations: 4096 } as const
  const scram = [{ ...secret, storedKey: 'AA', serverKey: 'AA' }]
  const hashed = { passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  await keeper.putUser({ name: 'u', tags: [], ...hashed, scram })
  await under.import({ users: [{ name: 'u', password_hash: '', tags: ['monitoring'] }] })
  assert.deepEqual(broker.access.findUser('u')?.tags, ['monitoring'])
  assert.deepEqual(broker.access.findUser('u')?.scram, scram)
})
