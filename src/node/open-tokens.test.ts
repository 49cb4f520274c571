import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Claims } from '../auth/oauth/claims.ts'
import type { CheckedToken, TokenLogin } from '../auth/oauth/token-login.ts'
import type { PatternGrant } from '../auth/rights.ts'
import { silentLogger } from '../lib/logger.ts'
import type { HttpGet } from '../server/http-get.ts'
import { completeOptions } from '../settings/load-config.ts'
import type { StartOptions } from '../start-broker.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { openTokens } from './open-tokens.ts'

const issuer = 'https://login.example.com/realms/shop'
const discovery = `${issuer}/.well-known/openid-configuration`
const keysUrl = 'https://login.example.com/keys'
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] })

type Pages = Readonly<Record<string, string>>
const pages: Pages = {
  [discovery]: JSON.stringify({ issuer, jwks_uri: keysUrl }),
  [keysUrl]: keys,
}

class Opened {
  readonly clock = new VirtualClock()
  readonly asked: string[] = []
  readonly told: string[] = []
  readonly tokens: TokenLogin | undefined

  constructor(options: StartOptions, served: Pages = pages) {
    const note = (...line: readonly unknown[]): void => void this.told.push(JSON.stringify(line))
    const httpGet: HttpGet = (url) => {
      this.asked.push(url.href)
      const page = served[url.href]
      return page === undefined ? Promise.reject(new Error('not there')) : Promise.resolve(page)
    }
    this.tokens = openTokens(completeOptions(options), {
      clock: this.clock,
      logger: { ...silentLogger, warn: note, error: note },
      httpGet,
    })
  }

  /** The user of a token with these claims, or why it is refused. */
  async check(claims: Claims = {}): Promise<string> {
    const checked = await this.#check(claims)
    return 'refusal' in checked ? checked.refusal : checked.user
  }

  /** What a token with these claims permits in /. */
  async grantOf(claims: Claims): Promise<PatternGrant> {
    const checked = await this.#check(claims)
    assert.ok('grant' in checked, JSON.stringify(checked))
    return checked.grant.grantIn('/')
  }

  async #check(claims: Claims): Promise<CheckedToken> {
    const exp = this.clock.now() / 1000 + 60
    const all = { iss: issuer, aud: 'rabbitmq', sub: 'app', exp, ...claims }
    const token = new SignJWT(all).setProtectedHeader({ alg: 'ES256' })
    const checked = await this.tokens?.check(Buffer.from(await token.sign(privateKey)))
    assert.ok(checked !== undefined)
    return checked
  }
}

describe('tokens', () => {
  it('are not taken where no issuer is named', () => {
    assert.equal(new Opened({}).tokens, undefined)
  })

  it('are checked with the keys that the issuer names', async () => {
    for (const named of [issuer, `${issuer}/`]) {
      const said = JSON.stringify({ issuer: named, jwks_uri: keysUrl })
      const opened = new Opened({ oauthIssuer: named }, { ...pages, [discovery]: said })
      assert.equal(await opened.check({ iss: named }), 'app')
      assert.deepEqual(opened.asked, [discovery, keysUrl])
      assert.match(await opened.check({ iss: 'https://other.example.com' }), /its issuer is not/)
    }
  })

  it('are checked with the keys that the settings name, whoever the issuer is', async () => {
    const opened = new Opened({ oauthJwks: keysUrl })
    assert.equal(await opened.check({ iss: 'anybody' }), 'app')
    const both = new Opened({ oauthJwks: keysUrl, oauthIssuer: issuer })
    assert.equal(await both.check(), 'app')
    assert.match(await both.check({ iss: 'anybody' }), /its issuer is not/)
    assert.deepEqual(both.asked, [keysUrl])
  })

  it('are read as the settings say', async () => {
    const options = {
      oauthIssuer: issuer,
      oauthResourceServerId: 'mq',
      oauthPreferredUsernameClaims: ['email'],
    }
    const opened = new Opened(options)
    assert.equal(await opened.check({ aud: 'mq', email: 'a@example.com' }), 'a@example.com')
    assert.match(await opened.check(), /audience is not 'mq'/)
  })

  it('have scopes that stand for others', async () => {
    const oauthScopeAliases = [
      'worker=rabbitmq.read:*/a rabbitmq.read:*/b',
      'worker=rabbitmq.read:*/=c',
    ]
    const opened = new Opened({ oauthIssuer: issuer, oauthScopeAliases })
    const { read } = (await opened.grantOf({ scope: 'worker' })).patterns
    assert.deepEqual(['a', 'b', '=c', 'd'].filter(read), ['a', 'b', '=c'])
  })

  const wrong: readonly [string, string, RegExp][] = [
    [
      'is of another issuer',
      JSON.stringify({ issuer: 'https://x', jwks_uri: keysUrl }),
      /issuer there is .*https:\/\/x/,
    ],
    ['names no keys', JSON.stringify({ issuer }), /no jwks_uri/],
    [
      'names keys in a file',
      JSON.stringify({ issuer, jwks_uri: 'file:///etc/keys' }),
      /no jwks_uri/,
    ],
    ['names keys nowhere', JSON.stringify({ issuer, jwks_uri: 'https://[' }), /Invalid URL/],
    ['is not JSON', '<html>', /JSON/],
    ['is nothing', 'null', /issuer there is undefined/],
  ]
  for (const [what, page, reason] of wrong) {
    it(`are refused when the discovery ${what}, and the log says why at once`, async () => {
      const opened = new Opened({ oauthIssuer: issuer }, { ...pages, [discovery]: page })
      assert.match(await opened.check(), reason)
      assert.match(opened.told.join('\n'), reason)
    })
  }

  it('are refused when the file of keys is missing', async () => {
    const opened = new Opened({ oauthJwks: '/nowhere/keys.json' })
    assert.match(await opened.check(), /cannot read file of keys \/nowhere\/keys.json/)
    assert.deepEqual(opened.asked, [])
  })

  it('whose keys come over plain HTTP are worth a warning, but for this machine', () => {
    const toldOf = (oauthJwks: string): readonly string[] => new Opened({ oauthJwks }).told
    assert.match(toldOf('http://login.example.com/keys?secret=1').join(), /plain HTTP/)
    assert.doesNotMatch(toldOf('http://login.example.com/keys?secret=1').join(), /secret/)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.deepEqual(toldOf(`http://${host}:8080/keys`), [])
    }
  })
})
