// Users, permissions, limits and virtual hosts.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const secret = { password: 'p', tags: '' }
const all = { configure: '.*', write: '.*', read: '.*' }

const makeUser = (api: ApiUnderTest): Promise<unknown> => api.make('PUT', '/users/u', secret)
const makeVHost = (api: ApiUnderTest): Promise<unknown> => api.make('PUT', '/vhosts/v')

async function permit(api: ApiUnderTest): Promise<void> {
  await makeUser(api)
  await makeVHost(api)
  await api.make('PUT', '/permissions/v/u', all)
  await api.make('PUT', '/topic-permissions/v/u', { exchange: 'x', write: '^a', read: '' })
}

const acl = {
  resource_type: 'topic',
  name: 't',
  pattern_type: 'prefixed',
  principal: 'User:u',
  host: '*',
  operation: 'read',
  permission: 'deny',
}

const posted = { ...acl, name: 'posted' }

const addAcl = (api: ApiUnderTest): Promise<unknown> =>
  api.make('POST', '/v1/acls', { acls: [acl] })

const user: Example = { status: 200, names: { user: 'u' }, before: makeUser }
const vhost: Example = { status: 200, names: { vhost: 'v' }, before: permit }
const both: Example = { status: 200, names: { vhost: 'v', user: 'u' }, before: permit }
const list: Example = { status: 200, before: permit }
const limited: Example = {
  status: 204,
  names: { vhost: 'v', user: 'u', name: 'max-connections' },
  body: { value: 5 },
  before: permit,
  missing: 400,
}

const quota = { entity: { user: 'u', 'client-id': null }, quotas: { producer_byte_rate: 1e6 } }

export const accessExamples: Examples = {
  'GET /v1/quotas': {
    status: 200,
    before: (api) => api.make('PUT', '/v1/quotas', quota),
    check: (listed: readonly unknown[]) => {
      const name = 'user "u", every client id'
      assert.deepEqual(listed, [{ name, ...quota }])
    },
  },
  'PUT /v1/quotas': { status: 204, body: { ...quota, dry_run: true } },
  'GET /whoami': {
    status: 200,
    check: ({ name, tags }: { readonly name: string; readonly tags: unknown }) =>
      assert.deepEqual([name, tags], ['management', ['management']]),
  },
  'GET /users': list,
  'GET /users/without-permissions': list,
  'POST /users/bulk-delete': { status: 204, body: { users: ['u', 'none'] }, before: makeUser },
  'GET /users/{user}': user,
  'PUT /users/{user}': {
    status: 204,
    names: { user: 'u' },
    body: {
      ...secret,
      limits: { 'max-channels': 3 },
      permissions: { '/': all },
    },
    before: makeUser,
    missing: 'none',
  },
  'DELETE /users/{user}': { ...user, status: 204 },
  'GET /users/{user}/permissions': user,
  'GET /users/{user}/topic-permissions': user,
  'GET /permissions': list,
  'GET /permissions/{vhost}/{user}': both,
  'PUT /permissions/{vhost}/{user}': { ...both, status: 204, body: all, missing: 400 },
  'DELETE /permissions/{vhost}/{user}': { ...both, status: 204 },
  'GET /topic-permissions': list,
  'GET /topic-permissions/{vhost}/{user}': both,
  'PUT /topic-permissions/{vhost}/{user}': {
    ...both,
    status: 204,
    body: { exchange: 'x', write: '^a', read: '' },
    missing: 400,
  },
  'DELETE /topic-permissions/{vhost}/{user}': { ...both, status: 204 },
  'DELETE /topic-permissions/{vhost}/{user}/{exchange}': {
    ...both,
    status: 204,
    names: { vhost: 'v', user: 'u', exchange: 'x' },
    missing: 'none',
  },
  'GET /vhosts': {
    status: 200,
    before: makeVHost,
    check: (vhosts: readonly { readonly name: string }[]) =>
      assert.deepEqual(
        vhosts.map(({ name }) => name),
        ['/'],
      ),
  },
  'GET /vhosts/{vhost}': vhost,
  'PUT /vhosts/{vhost}': {
    status: 204,
    names: { vhost: 'v' },
    body: { description: 'd', tags: ['a'], default_queue_type: 'quorum', tracing: false },
    before: makeVHost,
    missing: 'none',
  },
  'DELETE /vhosts/{vhost}': { ...vhost, status: 204 },
  'POST /vhosts/{vhost}/deletion/protection': { ...vhost, status: 204 },
  'DELETE /vhosts/{vhost}/deletion/protection': { ...vhost, status: 204 },
  'GET /vhosts/{vhost}/permissions': vhost,
  'GET /vhosts/{vhost}/topic-permissions': vhost,
  'GET /v1/acls': {
    status: 200,
    query: { resource_name: 'tt', pattern_type: 'match' },
    before: addAcl,
    check: (acls: unknown) => assert.deepEqual(acls, [acl]),
  },
  'POST /v1/acls': {
    status: 200,
    body: { acls: [posted, posted] },
    check: ({ added }: { readonly added: number }) => assert.equal(added, 1),
  },
  'POST /v1/acls/delete': {
    status: 200,
    body: { principal: 'User:u', resource_name: 't' },
    before: addAcl,
    check: ({ deleted }: { readonly deleted: unknown }) => assert.deepEqual(deleted, [acl]),
  },
  'POST /v1/access-test': {
    status: 200,
    body: {
      user: 'u',
      vhost: 'v',
      action: 'write',
      kind: 'exchange',
      name: 'x',
      routing_key: 'ab',
    },
    before: permit,
    check: ({ allowed }: { readonly allowed: boolean }) => assert.ok(allowed),
  },
  'GET /user-limits': list,
  'GET /user-limits/{user}': user,
  'PUT /user-limits/{user}/{name}': limited,
  'DELETE /user-limits/{user}/{name}': { ...limited, missing: 'none' },
  'GET /vhost-limits': list,
  'GET /vhost-limits/{vhost}': { status: 200 },
  'PUT /vhost-limits/{vhost}/{name}': limited,
  'DELETE /vhost-limits/{vhost}/{name}': { ...limited, missing: 'none' },
}
