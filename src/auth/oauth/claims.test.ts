import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authLimits } from '../../limits/auth.ts'
import { type Claims, isFor, scopesOf, type TokenSettings, userOf } from './claims.ts'

const plain: TokenSettings = {
  issuer: undefined,
  resourceServerId: 'rabbitmq',
  scopePrefix: 'rabbitmq.',
  additionalScopes: [],
  scopeAliases: new Map(),
  usernameClaims: ['sub', 'client_id'],
}

function scopes(claims: Claims, settings: Partial<TokenSettings> = {}): readonly string[] {
  return scopesOf(claims, { ...plain, ...settings })?.scopes ?? []
}

describe('the user of a token', () => {
  it('is the first claim that is there', () => {
    assert.equal(userOf({ client_id: 'b', sub: 'a' }, plain), 'a')
    assert.equal(userOf({ client_id: 'b' }, plain), 'b')
    assert.equal(userOf({ client_id: 'b', sub: 7 }, plain), 'b')
    const usernameClaims = ['preferred_username']
    assert.equal(userOf({ sub: 'a', preferred_username: 'c' }, { ...plain, usernameClaims }), 'c')
  })

  it('is unknown where there is none', () => {
    assert.equal(userOf({ sub: '' }, plain), 'unknown')
    const usernameClaims = ['constructor', '__proto__']
    assert.equal(userOf({}, { ...plain, usernameClaims }), 'unknown')
  })
})

describe('the audience of a token', () => {
  it('has to name the broker', () => {
    for (const aud of ['rabbitmq', 'shop rabbitmq', ['shop', 'rabbitmq']]) {
      assert.ok(isFor({ aud }, plain), JSON.stringify(aud))
    }
    for (const aud of [undefined, '', 'shop', 'rabbitmq2', ['shop'], [['rabbitmq']], {}, 7]) {
      assert.ok(!isFor({ aud }, plain), JSON.stringify(aud))
    }
  })
})

describe('the scopes of a token', () => {
  const read = 'rabbitmq.read:*/*'
  const write = 'rabbitmq.write:*/*'
  const both = ['read:*/*', 'write:*/*']

  it('are words or a list, and those for others are left out', () => {
    assert.deepEqual(scopes({ scope: `openid  ${read} other.write:*/* ${write}` }), both)
    assert.deepEqual(scopes({ scope: ['openid', read, 7, null, write, write] }), both)
    for (const scope of [undefined, 7, null, true]) assert.deepEqual(scopes({ scope }), [])
  })

  it('begin with another prefix where the settings say so', () => {
    const scope = 'mq/read:*/* rabbitmq.write:*/*'
    assert.deepEqual(scopes({ scope }, { scopePrefix: 'mq/' }), ['read:*/*'])
  })

  it('are in further claims where the settings say so', () => {
    // As Keycloak writes roles.
    const claims = {
      scope: 'openid',
      realm_access: { roles: ['offline_access', read] },
      resource_access: { shop: { roles: [write] } },
    }
    assert.deepEqual(scopes(claims), [])
    const additionalScopes = ['realm_access.roles', 'resource_access.shop.roles']
    assert.deepEqual(scopes(claims, { additionalScopes }), both)
    const byServer = { extra: { rabbitmq: ['read:*/*', 'write:*/*'], shop: ['configure:*/*'] } }
    assert.deepEqual(scopes(byServer, { additionalScopes: ['extra'] }), both)
    assert.deepEqual(
      scopes({ extra: { rabbitmq: 'read:*/* write:*/*' } }, { additionalScopes: ['extra'] }),
      both,
    )
    assert.deepEqual(
      scopes({ extra: 7 }, { additionalScopes: ['extra.more', 'extra', 'none'] }),
      [],
    )
  })

  it('stand for others where the settings say so', () => {
    const scopeAliases = new Map([['api://shop/worker', [read, 'other.write:*/*', write]]])
    assert.deepEqual(scopes({ scope: 'api://shop/worker' }, { scopeAliases }), both)
    const roles = { roles: ['api://shop/worker', 'constructor'] }
    assert.deepEqual(scopes(roles, { scopeAliases, additionalScopes: ['roles'] }), both)
  })

  it('are in the permissions of a requesting party token', () => {
    const permissions = [{ rsname: 'q', scopes: [read] }, { scopes: [write] }, 'strange', null]
    assert.deepEqual(scopes({ authorization: { permissions } }), both)
  })

  it('are left out with a claim that is longer than any name', () => {
    const scope = 'rabbitmq.read:*/{sub}-*'
    const longest = 'x'.repeat(authLimits.nameSizeMax)
    assert.deepEqual(scopes({ scope, sub: longest }), [`read:*/${longest}-*`])
    for (const sub of [`${longest}x`, 'ü'.repeat(authLimits.nameSizeMax / 2 + 1)]) {
      assert.deepEqual(scopes({ scope, sub }), [])
    }
  })

  it('have claims in the place of their names, as text that stands for itself', () => {
    const scope = 'rabbitmq.read:{vhost}/{sub}-*'
    assert.deepEqual(scopes({ scope, sub: 'shop' }), ['read:{vhost}/shop-*'])
    assert.deepEqual(scopes({ scope, sub: '*/' }), ['read:{vhost}/%2A%2F-*'])
    assert.deepEqual(scopes({ scope, sub: '\ud800' }), ['read:{vhost}/%EF%BF%BD-*'])
    // RabbitMQ would take the name of the claim for its value.
    for (const sub of [undefined, 7, ['a']]) assert.deepEqual(scopes({ scope, sub }), [])
    assert.deepEqual(scopes({ scope: 'rabbitmq.read:{/*' }), ['read:{/*'])
  })

  it('name the tags of the user', () => {
    const scope = 'rabbitmq.tag:administrator rabbitmq.tag:monitoring other.tag:x rabbitmq.tagged'
    assert.deepEqual(scopesOf({ scope }, plain)?.tags, ['administrator', 'monitoring'])
  })

  it('are bounded', () => {
    const many = (count: number): string =>
      Array.from({ length: count }, (_, at) => `rabbitmq.read:*/${at}`).join(' ')
    assert.equal(scopes({ scope: many(authLimits.scopesMax) }).length, authLimits.scopesMax)
    assert.equal(scopesOf({ scope: many(authLimits.scopesMax + 1) }, plain), undefined)
  })
})
