// Paths, statuses and JSON of RabbitMQ's management plugin (4.2.9, rabbit_mgmt_wm_*.erl).
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { matchesPassword } from '../../auth/password-hash.ts'
import { Users } from '../../auth/users.ts'
import type { Broker } from '../../broker/broker.ts'
import { silentLogger } from '../../lib/logger.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'
import { systemRandom } from '../../lib/random.ts'
import { authLimits } from '../../limits/auth.ts'

let broker: Broker
let routes: ReturnType<typeof createOwnersRoutes>
let log: unknown[]
beforeEach(() => {
  const managed = openManagedBroker(['fixed'])
  broker = managed.broker
  const own = { name: 'root', password: 'secret' }
  assert.ok(new Users({ own, access: broker.access, random: systemRandom }))
  log = []
  const logger = { ...silentLogger, info: (...line: unknown[]) => void log.push(line) }
  routes = createOwnersRoutes({ ...managed, logger })
})

async function ask(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const response = await routes.request(path, { method, ...(text !== undefined && { body: text }) })
  const answer = await response.text()
  return [response.status, answer === '' ? undefined : JSON.parse(answer)]
}

async function reasonOf(method: string, path: string, body?: unknown): Promise<string> {
  const [status, answer] = await ask(method, path, body)
  return `${status} ${(answer as { readonly reason: string }).reason}`
}

const missing = '404 Not Found'

test('the log tells what was changed, without the secrets in it', async () => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  await ask('PUT', '/permissions/%2F/u', { configure: '', write: '', read: '' })
  await ask('PUT', '/permissions/%2F/u', { configure: '(', write: '', read: '' })
  await ask('GET', '/users/u')
  await ask('DELETE', '/users/u')
  await ask('DELETE', '/users/u')
  const told = (request: string): unknown => [
    { request, user: 'owner of the data folder' },
    'Changed over HTTP',
  ]
  assert.deepEqual(log, [
    told('PUT /users/u'),
    told('PUT /permissions/%2F/u'),
    told('DELETE /users/u'),
  ])
})

test('users are put, shown and deleted', async () => {
  assert.deepEqual(await ask('PUT', '/users/u', { password: 'p', tags: 'a, b' }), [201, undefined])
  const user = broker.access.findUser('u')
  assert.ok(user && matchesPassword(Buffer.from('p'), user))
  assert.equal(user.scram?.length, 2)
  const { passwordHash } = user
  const hashed = { password_hash: passwordHash, hashing_algorithm: user.hashingAlgorithm }
  const shown = { name: 'u', ...hashed, tags: ['a', 'b'], limits: {} }
  assert.deepEqual(await ask('GET', '/users/u'), [200, shown])
  assert.deepEqual(await ask('PUT', '/users/u', { ...hashed, tags: ['c'] }), [204, undefined])
  assert.deepEqual(broker.access.findUser('u')?.scram, user.scram)
  assert.deepEqual(await ask('GET', '/users/without-permissions'), [
    200,
    [{ ...shown, tags: ['c'] }],
  ])
  assert.equal(((await ask('GET', '/users'))[1] as unknown[]).length, 2)
  assert.deepEqual(await ask('DELETE', '/users/u'), [204, undefined])
  for (const method of ['GET', 'DELETE']) assert.equal(await reasonOf(method, '/users/u'), missing)
})

test('a limit that is set while a password is changed stays', async () => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  const changed = ask('PUT', '/users/u', { password: 'other', tags: '' })
  assert.deepEqual(await ask('PUT', '/user-limits/u/max-connections', { value: 1 }), [
    204,
    undefined,
  ])
  assert.deepEqual(await changed, [204, undefined])
  assert.deepEqual(broker.access.findUser('u')?.limits, { 'max-connections': 1 })
})

test('what is asked for something that is gone by its turn is refused', async (context) => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  await ask('PUT', '/vhosts/v')
  const waiting: (() => void)[] = []
  const caughtUp = context.mock.method(broker.topology, 'whenCaughtUp', (goOn: () => void) =>
    waiting.push(goOn),
  )
  const patterns = { configure: '.*', write: '.*', read: '.*' }
  const asked = [
    reasonOf('PUT', '/permissions/%2F/u', patterns),
    reasonOf('PUT', '/topic-permissions/%2F/u', { exchange: 'x', ...patterns }),
    reasonOf('PUT', '/policies/v/p', { pattern: '', definition: { 'max-length': 1 } }),
  ]
  await waitFor('the requests wait', () => waiting.length === asked.length)
  caughtUp.mock.restore()
  await ask('DELETE', '/users/u')
  await ask('DELETE', '/vhosts/v')
  for (const goOn of waiting) goOn()
  const gone = '400 vhost_or_user_not_found'
  assert.deepEqual(await Promise.all(asked), [gone, gone, '404 vhost_not_found'])
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  assert.equal(broker.access.findPermission('u', '/'), undefined)
  assert.deepEqual(broker.access.topicPermissionsOf('u'), [])
})

test('a password can be taken away, and a hash of another algorithm given', async () => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  await ask('PUT', '/users/u', { tags: '' })
  assert.equal(broker.access.findUser('u')?.passwordHash, '')
  const algorithm = 'rabbit_password_hashing_sha512'
  const body = { password_hash: 'AAAA', hashing_algorithm: algorithm, tags: '' }
  await ask('PUT', '/users/u', body)
  assert.equal(broker.access.findUser('u')?.hashingAlgorithm, algorithm)
})

test('what cannot be a user is refused', async () => {
  const both = { password: 'a', password_hash: 'AAAA', tags: '' }
  for (const [body, reason] of [
    [{ password: 'p' }, /tags_not_present/],
    [{ password: 'p', tags: [{ toString: 1 }] }, /tags must be text or a list of texts/],
    [both, /both_password_and_password_hash_are_provided/],
    [{ password_hash: '!', tags: '' }, /not_base64/],
    [{ password_hash: 'AAAA', hashing_algorithm: 'md5', tags: '' }, /use rabbit_password_hashing/],
    [{ tags: Array.from({ length: 33 }, String) }, /at most 32 tags \(received 33\)/],
    [[], /not_json/],
  ] as const) {
    assert.match(await reasonOf('PUT', '/users/u', body), reason)
  }
  assert.match(await reasonOf('PUT', '/users/root', { tags: '' }), /^400 Protected users cannot/)
  assert.match(await reasonOf('DELETE', '/users/root'), /^400 Protected users cannot/)
})

test('permissions are put, shown and cleared', async () => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  const patterns = { configure: '^a', write: '', read: '.*' }
  const shown = { user: 'u', vhost: '/', ...patterns }
  assert.deepEqual(await ask('PUT', '/permissions/%2F/u', patterns), [201, undefined])
  assert.deepEqual(await ask('PUT', '/permissions/%2F/u', patterns), [204, undefined])
  assert.deepEqual(await ask('GET', '/permissions/%2F/u'), [200, shown])
  assert.deepEqual(await ask('GET', '/users/u/permissions'), [200, [shown]])
  const all = { configure: '.*', write: '.*', read: '.*' }
  const roots = ['/', 'fixed'].map((vhost) => ({ user: 'root', vhost, ...all }))
  assert.deepEqual(await ask('GET', '/permissions'), [200, [roots[0], shown, roots[1]]])
  assert.deepEqual(await ask('GET', '/vhosts/%2F/permissions'), [200, [roots[0], shown]])
  const nowhere = '400 vhost_or_user_not_found'
  assert.equal(await reasonOf('PUT', '/permissions/no/u', patterns), nowhere)
  assert.equal(await reasonOf('PUT', '/permissions/%2F/no', patterns), nowhere)
  assert.equal(await reasonOf('PUT', '/permissions/%2F/u', {}), '400 [{key_missing,configure}]')
  const odd = await reasonOf('PUT', '/permissions/%2F/u', { ...patterns, read: '(' })
  assert.match(odd, /^400 invalid_regexp: the pattern '\(' cannot be used/)
  assert.deepEqual(await ask('PUT', '/permissions/%2F/root', all), [204, undefined])
  assert.match(await reasonOf('PUT', '/permissions/%2F/root', patterns), /may do everything/)
  assert.deepEqual(await ask('DELETE', '/permissions/%2F/u'), [204, undefined])
  assert.equal(await reasonOf('DELETE', '/permissions/%2F/u'), missing)
})

test('topic permissions are put, shown and cleared, one or all', async () => {
  await ask('PUT', '/users/u', { password: 'p', tags: '' })
  const path = '/topic-permissions/%2F/u'
  const row = { exchange: 'x', write: String.raw`^{username}\.`, read: '' }
  assert.deepEqual(await ask('PUT', path, row), [201, undefined])
  assert.deepEqual(await ask('PUT', path, { ...row, exchange: 'y' }), [204, undefined])
  const shown = ['x', 'y'].map((exchange) => ({ user: 'u', vhost: '/', ...row, exchange }))
  assert.deepEqual(await ask('GET', path), [200, shown])
  assert.deepEqual(await ask('GET', '/users/u/topic-permissions'), [200, shown])
  assert.deepEqual(await ask('GET', '/vhosts/%2F/topic-permissions'), [200, shown])
  assert.deepEqual(await ask('DELETE', `${path}/x`), [204, undefined])
  assert.deepEqual(await ask('DELETE', `${path}/x`), [204, undefined])
  assert.deepEqual(await ask('GET', '/topic-permissions'), [200, [shown[1]]])
  assert.deepEqual(await ask('DELETE', path), [204, undefined])
  assert.equal(await reasonOf('GET', path), missing)
})

test('virtual hosts are put, shown and deleted', async () => {
  const body = { description: 'd', tags: 'a,b', default_queue_type: 'quorum' }
  assert.deepEqual(await ask('PUT', '/vhosts/v', body), [201, undefined])
  assert.deepEqual(await ask('PUT', '/vhosts/v'), [204, undefined])
  const metadata = { ...body, tags: ['a', 'b'] }
  const rest = {
    metadata,
    tracing: false,
    cluster_state: { [nodeName]: 'running' },
  }
  const shown = { name: 'v', ...metadata, protected_from_deletion: false, ...rest }
  assert.deepEqual(await ask('GET', '/vhosts/v?disable_stats=true'), [200, shown])
  assert.match(await reasonOf('PUT', '/vhosts/v', { default_queue_type: 'x' }), /use classic/)
  assert.match(await reasonOf('PUT', '/vhosts/v', { tracing: true }), /tracing is not served/)
  const protection = '/vhosts/v/deletion/protection'
  assert.deepEqual(await ask('POST', protection), [204, undefined])
  assert.deepEqual(await ask('GET', '/vhosts/v?disable_stats=true'), [
    200,
    { ...shown, protected_from_deletion: true },
  ])
  assert.match(await reasonOf('DELETE', '/vhosts/v'), /^412 Refusing to delete virtual host 'v'/)
  assert.deepEqual(await ask('DELETE', protection), [204, undefined])
  assert.deepEqual(await ask('DELETE', '/vhosts/v'), [204, undefined])
  assert.equal(await reasonOf('DELETE', '/vhosts/v'), missing)
  assert.match(await reasonOf('DELETE', '/vhosts/fixed'), /take it out of --vhosts/)
  assert.match(await reasonOf('DELETE', '/vhosts/%2F'), /cannot be deleted/)
})

for (const [kind, name, limit] of [
  ['user', 'u', 'max-channels'],
  ['vhost', 'fixed', 'max-queues'],
] as const) {
  test(`limits of a ${kind} are set, shown and cleared`, async () => {
    await ask('PUT', '/users/u', { password: 'p', tags: '' })
    const path = `/${kind}-limits`
    assert.deepEqual(await ask('GET', path), [200, []])
    assert.deepEqual(await ask('PUT', `${path}/${name}/${limit}`, { value: 5 }), [204, undefined])
    await ask('PUT', `${path}/${name}/max-connections`, { value: 7 })
    const value = { [limit]: 5, 'max-connections': 7 }
    assert.deepEqual(await ask('GET', path), [200, [{ [kind]: name, value }]])
    await ask('DELETE', `${path}/${name}/max-connections`)
    assert.deepEqual(await ask('GET', `${path}/${name}`), [
      200,
      [{ [kind]: name, value: { [limit]: 5 } }],
    ])
    assert.match(
      await reasonOf('PUT', `${path}/${name}/max-fun`, { value: 5 }),
      /Unrecognised terms \[\{<<"max-fun">>,5\}\] in/,
    )
    assert.match(
      await reasonOf('PUT', `${path}/${name}/${limit}`, { value: 'a' }),
      /should be a number, actually was <<"a">>/,
    )
    const rate = `${path}/${name}/max-publish-rate`
    assert.match(await reasonOf('PUT', rate, { value: 0 }), /should be above zero/)
    assert.deepEqual(await ask('PUT', rate, { value: 9 }), [204, undefined])
    assert.equal(
      (await ask('PUT', `${path}/${name}/max-publish-bytes-rate`, { value: -1 }))[0],
      204,
    )
    assert.equal(await reasonOf('PUT', `${path}/none/${limit}`, { value: 5 }), missing)
  })
}

test('a user can come with limits and, when it is new, with permissions', async () => {
  const asked = {
    password: 'p',
    tags: '',
    limits: { 'max-connections': 3 },
    permissions: { fixed: { configure: '^a', write: '', read: '.*' } },
  }
  assert.deepEqual(await ask('PUT', '/users/u', asked), [201, undefined])
  const row = { user: 'u', vhost: 'fixed', configure: '^a', write: '', read: '.*' }
  assert.deepEqual(await ask('GET', '/users/u/permissions'), [200, [row]])
  assert.deepEqual(broker.access.findUser('u')?.limits, { 'max-connections': 3 })
  const again = { password: 'p', tags: '', permissions: { fixed: { ...row, write: '.*' } } }
  assert.deepEqual(await ask('PUT', '/users/u', again), [204, undefined])
  assert.deepEqual(await ask('GET', '/users/u/permissions'), [200, [row]])
  assert.deepEqual(broker.access.findUser('u')?.limits, { 'max-connections': 3 })
})

test('a user is refused for limits and permissions that there cannot be', async () => {
  const reasonFor = (more: object): Promise<string> =>
    reasonOf('PUT', '/users/u', { password: 'p', tags: '', ...more })
  assert.equal(await reasonFor({ limits: [] }), '400 limits must be an object')
  assert.equal(
    await reasonFor({ limits: { 'max-connections': 'x' } }),
    '400 max-connections should be integer, actually was "x"',
  )
  assert.match(
    await reasonFor({ limits: { odd: 1 } }),
    /^400 Unrecognised terms \[\{<<"odd">>,1\}\]/,
  )
  assert.match(await reasonFor({ permissions: { none: {} } }), /^400 no_such_vhost/)
  assert.match(
    await reasonFor({ permissions: { fixed: {} } }),
    /^400 \[\{key_missing,configure\}\]/,
  )
  const odd = { configure: '(', write: '', read: '' }
  assert.match(await reasonFor({ permissions: { fixed: odd } }), /^400 invalid_regexp/)
  assert.equal(broker.access.findUser('u'), undefined)
})

test('there is room for ten thousand users, and no more', async () => {
  const hash = { password_hash: Buffer.alloc(36).toString('base64'), tags: '' }
  const permissions = { fixed: { configure: '', write: '', read: '.*' } }
  const names = Array.from({ length: authLimits.usersMax }, (_, count) => `user-${count}`)
  const put = (name: string): Promise<[number, unknown]> =>
    ask('PUT', `/users/${name}`, { ...hash, permissions })
  const answers = await Promise.all(names.map(put))
  assert.ok(answers.every(([status]) => status === 201))
  assert.match(await reasonOf('PUT', '/users/another', hash), /^400 there are 10000 users/)
  assert.equal(((await ask('GET', '/permissions'))[1] as unknown[]).length, names.length + 2)
  for (let at = 0; at < names.length; at += 2500) {
    const users = names.slice(at, at + 2500)
    assert.deepEqual(await ask('POST', '/users/bulk-delete', { users }), [204, undefined])
  }
  assert.deepEqual(broker.access.counts, { users: 0, permissions: 0, topicPermissions: 0, acls: 0 })
})

test('users are deleted together, but for that of the settings', async () => {
  for (const name of ['a', 'b', 'c']) {
    await ask('PUT', `/users/${name}`, { password: 'p', tags: '' })
    await ask('PUT', `/permissions/fixed/${name}`, { configure: '', write: '', read: '' })
  }
  const asked = { users: ['a', 'none', 'root', 'c', 'a'] }
  assert.deepEqual(await ask('POST', '/users/bulk-delete', asked), [204, undefined])
  assert.deepEqual(
    broker.access.users().map(({ name }) => name),
    ['root', 'b'],
  )
  assert.equal(broker.access.counts.permissions, 1)
  assert.equal(await reasonOf('POST', '/users/bulk-delete', {}), '400 [{key_missing,users}]')
  const wrong = { users: 'a' }
  assert.match(await reasonOf('POST', '/users/bulk-delete', wrong), /^400 users must be a list/)
})
