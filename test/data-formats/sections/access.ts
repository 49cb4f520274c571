// Virtual hosts, users with their secrets, permissions, limits and policies.
import assert from 'node:assert/strict'
import { compareNames } from '../../../src/lib/compare-names.ts'
import type { Section } from '../section.ts'

const password = 'geheim ünd 1=2,3'

const writes: readonly [path: readonly string[], body: object][] = [
  [['vhosts', 'shop ✓'], { description: 'Orders', tags: 'eu,paid', default_queue_type: 'quorum' }],
  [['users', 'anna'], { password, tags: 'monitoring,policymaker' }],
  [['permissions', 'shop ✓', 'anna'], { configure: '^a', write: '.*', read: '' }],
  [['permissions', '/', 'anna'], { configure: '', write: '', read: '.*' }],
  [['topic-permissions', 'shop ✓', 'anna'], { exchange: 'amq.topic', write: '^w', read: '^r' }],
  [['user-limits', 'anna', 'max-connections'], { value: 7 }],
  [['vhost-limits', 'shop ✓', 'max-queues'], { value: 50 }],
  [
    ['policies', 'shop ✓', 'short'],
    { pattern: '^tmp', definition: { 'max-length': 3 }, priority: 2, 'apply-to': 'queues' },
  ],
  [
    ['operator-policies', '/', 'cap'],
    { pattern: '^cap', definition: { 'max-length': 2 }, 'apply-to': 'queues' },
  ],
]

const looks: readonly (readonly string[])[] = [
  ['vhosts', 'shop ✓'],
  ['users', 'anna'],
  ['users', 'anna', 'permissions'],
  ['users', 'anna', 'topic-permissions'],
  ['user-limits', 'anna'],
  ['vhost-limits', 'shop ✓'],
  ['policies', 'shop ✓'],
  ['operator-policies', '/'],
]

export const access: Section = {
  name: 'access',

  async fill({ api }, facts) {
    for (const [path, body] of writes) {
      const { status } = await api.ask('PUT', path, body)
      assert.ok(status < 300, `${path.join('/')}: ${status}`)
    }
    for (const path of looks) facts[path.join('/')] = (await api.ask('GET', path)).body
  },

  async check(broker, facts) {
    const { api, channel } = broker
    for (const path of looks) {
      const { status, body } = await api.ask('GET', path)
      assert.equal(status, 200)
      // Later releases may show more of a thing, and in another order.
      const expected = inOrder(facts[path.join('/')])
      assert.partialDeepStrictEqual(inOrder(body), expected, path.join('/'))
    }
    await using session = await broker.login('anna', password, 'shop ✓')
    const { queue } = await (
      await session.channel()
    ).assertQueue('a quorum queue', {
      durable: true,
      autoDelete: false,
    })
    assert.equal(queue, 'a quorum queue')
    await assert.rejects(broker.login('anna', 'wrong', 'shop ✓'))
    const mechanism = 'scram-sha-512'
    const admin = broker.kafka({ mechanism, username: 'anna', password }).admin()
    await admin.connect()
    await admin.disconnect()
    await channel.assertQueue('cap')
    for (const body of ['1', '2', '3']) channel.sendToQueue('cap', Buffer.from(body))
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue('cap')).messageCount, 2)
  },
}

function inOrder(shown: unknown): unknown {
  const placeOf = ({ vhost, user, name }: Record<string, string>): string =>
    [vhost, user, name].join(' ')
  return Array.isArray(shown)
    ? shown.toSorted((a, b) => compareNames(placeOf(a), placeOf(b)))
    : shown
}
