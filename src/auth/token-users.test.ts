// Logins with tokens, as protocols ask for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { silentLogger } from '../lib/logger.ts'
import { authLimits } from '../limits/auth.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { AccessControl } from './access-control.ts'
import { SigningKeys } from './oauth/signing-keys.ts'
import { TokenLogin } from './oauth/token-login.ts'
import type { Origin } from './principal.ts'
import { Users } from './users.ts'

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] })
const local: Origin = { protocol: 'AMQP 0-9-1', address: '127.0.0.1' }
const remote: Origin = { protocol: 'AMQP 0-9-1', address: '10.0.0.7' }
const clock = new VirtualClock()

function newUsers(): { readonly users: Users; readonly access: AccessControl } {
  const source = { name: 'test', read: () => Promise.resolve(keys) }
  const settings = {
    issuer: undefined,
    resourceServerId: 'rabbitmq',
    scopePrefix: 'rabbitmq.',
    additionalScopes: [],
    scopeAliases: new Map(),
    usernameClaims: ['sub'],
  }
  const signingKeys = new SigningKeys(source, { clock, logger: silentLogger })
  const tokens = new TokenLogin(settings, signingKeys, clock)
  const access = new AccessControl()
  const own = { name: 'own', password: 'secret' }
  const random = seededRandom(5)
  const loopbackUsers = ['near']
  return { users: new Users({ own, access, random, clock, tokens, loopbackUsers }), access }
}

async function tokenOf(sub: string, scope = ''): Promise<Buffer> {
  const claims = { sub, scope, aud: 'rabbitmq', exp: clock.now() / 1000 + 60 }
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256' })
  return Buffer.from(await token.sign(privateKey))
}

test('a token names its user, whatever name came with it', async () => {
  const { users } = newUsers()
  const password = await tokenOf('app', 'rabbitmq.tag:monitoring')
  for (const user of ['', 'own', 'other']) {
    const { principal } = await users.authenticate({ user, password }, remote)
    assert.equal(principal?.user, 'app')
    assert.deepEqual(principal.tags, ['monitoring'])
    assert.equal(principal.address, remote.address)
  }
})

test('a token permits what it says, and not what the user of its name may do', async () => {
  const { users, access } = newUsers()
  const password = await tokenOf('own', 'rabbitmq.read:*/mine')
  const { principal } = await users.authenticate({ user: '', password }, remote)
  assert.ok(principal !== undefined)
  const rights = access.rightsFor(principal, '/')
  assert.deepEqual(rights.place, { user: 'own', vhost: '/' })
  assert.ok(rights.may('read', 'mine') && !rights.may('read', 'other') && !rights.isUnrestricted)
  assert.ok(access.rightsOf('own', '/').isUnrestricted)
})

test('two tokens of one user have rights of their own', async () => {
  const { users, access } = newUsers()
  const rights = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const password = await tokenOf('app', `rabbitmq.read:*/${name}`)
      const { principal } = await users.authenticate({ user: '', password }, remote)
      return principal && access.rightsFor(principal, '/')
    }),
  )
  assert.deepEqual(
    rights.map((each) => ['a', 'b'].filter((name) => each?.may('read', name))),
    [['a'], ['b']],
  )
})

test('a login with a token holds as long as the token', async () => {
  const { users } = newUsers()
  const { principal } = await users.loginByToken(await tokenOf('app'), remote)
  assert.ok(principal !== undefined)
  assert.equal(users.lifetimeMsOf(principal), 60_000)
  assert.ok(!users.hasExpired(principal))
  clock.advance(60_000)
  assert.ok(users.hasExpired(principal))
  const login = users.login({ user: 'own', password: Buffer.from('secret') }, remote)
  assert.ok(login.principal !== undefined)
  assert.equal(users.lifetimeMsOf(login.principal), undefined)
  assert.ok(!users.hasExpired(login.principal))
})

test('users who may only come from this machine may not come from others with a token', async () => {
  const { users } = newUsers()
  for (const name of ['guest', 'near']) {
    const token = await tokenOf(name)
    assert.equal((await users.loginByToken(token, local)).principal?.user, name)
    const { refusal } = await users.loginByToken(token, remote)
    assert.match(refusal ?? '', new RegExp(`user '${name}' can only connect via localhost`))
  }
})

test('wrong tokens wait as wrong passwords do, right ones never', async () => {
  const { users } = newUsers()
  const right = await tokenOf('app')
  const wrong = Buffer.concat([right.subarray(0, -4), Buffer.from('AAAA')])
  let waitMs = 0
  for (let count = 0; count <= authLimits.wrongLoginsAtOnce; count++) {
    const login = await users.loginByToken(wrong, remote)
    assert.ok(login.principal === undefined)
    ;({ waitMs } = login)
  }
  assert.equal(waitMs, authLimits.wrongLoginEveryMs)
  assert.equal((await users.loginByToken(right, remote)).principal?.user, 'app')
})

test('without an issuer a token is a password like others', async () => {
  const users = new Users({ access: new AccessControl(), random: seededRandom(5), clock })
  const token = await tokenOf('app')
  assert.ok(!users.takesTokens)
  assert.match((await users.loginByToken(token, local)).refusal ?? '', /tokens are not taken/)
  const login = users.authenticate({ user: 'guest', password: token }, local)
  assert.ok(!(login instanceof Promise))
  assert.match(login.refusal ?? '', /wrong password/)
})
