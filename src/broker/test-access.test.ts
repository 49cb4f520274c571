// Which permission decides, for AMQP's and for Kafka's names.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DefinitionsUnderTest } from '../../test/support/definitions-under-test.ts'
import { type AccessAsked, testAccess } from './test-access.ts'

let under: DefinitionsUnderTest
beforeEach(async () => {
  under = new DefinitionsUnderTest()
  const place = { vhost: '/', user: 'app' }
  await under.import({
    vhosts: [{ name: 'other' }],
    users: [
      { name: 'app', password_hash: '', tags: '' },
      { name: 'boss', password_hash: '', tags: 'administrator' },
    ],
    permissions: [{ ...place, configure: '', write: '^(app|amq)\\.', read: '^orders$' }],
    topic_permissions: [{ ...place, exchange: 'amq.topic', write: '^{username}\\.', read: '' }],
  })
})

/** The last sentence, with yes or no before it. */
function ask(asked: Partial<AccessAsked>): string {
  const whole: AccessAsked = {
    user: 'app',
    vhost: '/',
    action: 'read',
    kind: 'queue',
    name: 'orders',
    routingKey: undefined,
    ...asked,
  }
  const last = testAccess(under.broker, whole).at(-1)!
  return `${last.isAllowed ? 'yes' : 'no'}: ${last.reason}`
}

test('who and where come first', () => {
  assert.match(ask({ user: 'nobody' }), /^no: There is no user 'nobody'/)
  assert.match(ask({ vhost: 'none' }), /^no: There is no virtual host 'none'/)
  assert.match(ask({ vhost: 'other' }), /^no: 'app' has no permissions in virtual host 'other'/)
  assert.match(ask({ action: 'enter' }), /^yes: 'app' has permissions/)
})

test('the pattern that decides is told', () => {
  assert.equal(ask({}), "yes: Its pattern for read, ^orders$, fits 'orders'.")
  assert.equal(
    ask({ action: 'write' }),
    "no: Its pattern for write, ^(app|amq)\\., does not fit 'orders'.",
  )
  assert.match(ask({ action: 'configure' }), /^no: Its pattern for configure is empty/)
  assert.match(ask({ action: 'describe' }), /^yes: Its pattern for read/)
  assert.match(ask({ action: 'describe', name: 'x' }), /^no: None of its patterns/)
  assert.match(
    ask({ action: 'write', kind: 'exchange', name: '' }),
    /^yes: .* fits 'amq.default'\.$/,
  )
})

test('a refusal has the words of a client', () => {
  const asked: AccessAsked = {
    user: 'app',
    vhost: '/',
    action: 'write',
    kind: 'queue',
    name: 'orders',
    routingKey: undefined,
  }
  assert.equal(
    testAccess(under.broker, asked).at(-1)?.refusal,
    "write access to queue 'orders' in vhost '/' refused for user 'app'",
  )
})

test('routing keys of topic exchanges count', () => {
  const write = { action: 'write', kind: 'exchange' } as const
  assert.match(ask({ ...write, name: 'amq.topic', routingKey: 'app.x' }), /^yes: .*\^\{username\}/)
  assert.match(ask({ ...write, name: 'amq.topic', routingKey: 'b' }), /^no: .*does not fit 'b'/)
  assert.match(ask({ ...write, name: 'amq.direct', routingKey: 'b' }), /^yes: It has no topic/)
})

test("Kafka's names ask for the same rights in one virtual host, administrators for none", () => {
  assert.match(ask({ kind: 'topic' }), /^yes: Its pattern for read/)
  assert.match(ask({ kind: 'group', name: 'shop' }), /^no: Its pattern for read/)
  assert.match(ask({ kind: 'topic', vhost: 'other' }), /^no: Kafka's clients see/)
  assert.match(ask({ kind: 'topic', user: 'boss', action: 'write' }), /^yes: 'boss' is an admin/)
  assert.match(ask({ user: 'boss' }), /^no: 'boss' has no permissions/)
})

test('an ACL that decides is told, and a denial before everything else', async () => {
  const acl = {
    resource_type: 'topic',
    name: 'ord',
    pattern_type: 'prefixed',
    principal: 'User:app',
    operation: 'write',
    permission: 'allow',
  }
  await under.import({
    acls: [
      acl,
      { ...acl, name: 'orders', host: '10.0.0.7', operation: 'read', permission: 'deny' },
      { ...acl, resource_type: 'cluster', name: 'kafka-cluster', pattern_type: 'literal' },
    ],
  })
  const allowed = "User:app is allowed write on each topic that begins with 'ord'"
  for (const kind of ['queue', 'topic'] as const) {
    assert.equal(ask({ kind, action: 'write' }), `yes: An ACL decides: ${allowed}.`)
    assert.match(ask({ kind, action: 'read' }), /^yes: Its pattern for read/)
    assert.match(
      ask({ kind, action: 'read', host: '10.0.0.7' }),
      /^no: An ACL decides: .* denied read/,
    )
    assert.match(ask({ kind, action: 'describe' }), /^yes: An ACL decides: .* allowed write/)
  }
  const cluster = { kind: 'cluster', name: '' } as const
  assert.match(ask({ ...cluster, action: 'write' }), /^yes: An ACL decides/)
  assert.match(ask({ ...cluster, action: 'alter' }), /^no: No ACL allows alter on cluster/)
  assert.match(ask({ ...cluster, user: 'boss', action: 'alter' }), /^yes: 'boss' is an admin/)
  const id = { kind: 'transactional-id', name: 'app.1' } as const
  assert.match(ask({ ...id, action: 'write' }), /^yes: Its pattern for write/)
})
