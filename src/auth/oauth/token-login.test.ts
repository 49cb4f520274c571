import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose'
import { silentLogger } from '../../lib/logger.ts'
import { authLimits } from '../../limits/auth.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { TokenSettings } from './claims.ts'
import { SigningKeys } from './signing-keys.ts'
import { type CheckedToken, TokenLogin } from './token-login.ts'
import { isTokenShaped } from './token-shape.ts'

const settings: TokenSettings = {
  issuer: 'https://login.example.com',
  resourceServerId: 'rabbitmq',
  scopePrefix: 'rabbitmq.',
  additionalScopes: [],
  scopeAliases: new Map(),
  usernameClaims: ['sub', 'client_id'],
}
const algorithms = ['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA', 'Ed25519'] as const

/** Whose key the issuer does not tell. */
const foreign = 'foreign'

const pairs = new Map(
  await Promise.all(
    [...algorithms, 'RS512', foreign].map(async (name) => {
      const alg = name === foreign ? 'ES256' : name
      return [name, await generateKeyPair(alg, { extractable: true })] as const
    }),
  ),
)
const keys: JWK[] = await Promise.all(
  algorithms.map(async (alg) => {
    return { ...(await exportJWK(pairs.get(alg)!.publicKey)), kid: alg, alg }
  }),
)

const clock = new VirtualClock()
const nowSeconds = Math.floor(clock.now() / 1000)

function newLogin(changed: Partial<TokenSettings> = {}): TokenLogin {
  const read = (): Promise<string> => Promise.resolve(JSON.stringify({ keys }))
  const signingKeys = new SigningKeys({ name: 'test', read }, { clock, logger: silentLogger })
  return new TokenLogin({ ...settings, ...changed }, signingKeys, clock)
}

const login = newLogin()

interface Signed {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly alg?: string
  readonly kid?: string | undefined
  /** Whose key signs it; that of `alg` by default. */
  readonly by?: string
}

function sign({ claims = {}, alg = 'ES256', by = alg, ...given }: Signed = {}): Promise<string> {
  const all = {
    iss: settings.issuer,
    aud: 'rabbitmq',
    sub: 'app',
    exp: nowSeconds + 60,
    scope: 'rabbitmq.read:*/* rabbitmq.tag:monitoring',
    ...claims,
  }
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  const kid = 'kid' in given ? given.kid : alg
  const header = kid === undefined ? { alg } : { alg, kid }
  return new SignJWT(kept).setProtectedHeader(header).sign(pairs.get(by)!.privateKey)
}

function check(token: string, by: TokenLogin = login): Promise<CheckedToken> {
  return by.check(Buffer.from(token))
}

async function refusal(token: string): Promise<string> {
  const checked = await check(token)
  assert.ok('refusal' in checked, 'it was accepted')
  return checked.refusal
}

describe('a token', () => {
  for (const alg of algorithms) {
    it(`names a user and what it may do, signed by ${alg}`, async () => {
      const checked = await check(await sign({ alg }))
      assert.ok(!('refusal' in checked), JSON.stringify(checked))
      assert.equal(checked.user, 'app')
      assert.deepEqual(checked.tags, ['monitoring'])
      assert.equal(checked.grant.expiresAt, (nowSeconds + 60) * 1000)
      assert.ok(checked.grant.grantIn('/').patterns.read('q'))
    })
  }

  it('is taken that is signed by a key in the place of another', async () => {
    const ownClock = new VirtualClock()
    let told = keys
    const read = (): Promise<string> => Promise.resolve(JSON.stringify({ keys: told }))
    const parts = { clock: ownClock, logger: silentLogger }
    const own = new TokenLogin(settings, new SigningKeys({ name: 'test', read }, parts), ownClock)
    const token = await sign({ by: foreign })
    assert.ok('refusal' in (await check(token, own)))
    const key = await exportJWK(pairs.get(foreign)!.publicKey)
    told = [{ ...key, kid: 'ES256', alg: 'ES256' }]
    assert.ok('refusal' in (await check(token, own)), 'it was asked just now')
    ownClock.advance(authLimits.issuerAskedEveryMs)
    assert.ok('grant' in (await check(token, own)))
    assert.ok('refusal' in (await check(await sign(), own)))
  })

  const wrong: readonly [string, Signed, RegExp][] = [
    ['has expired', { claims: { exp: nowSeconds } }, /^it has expired$/],
    ['does not expire', { claims: { exp: undefined } }, /missing required "exp" claim/],
    ['expires at no time', { claims: { exp: 'soon' } }, /"exp" claim must be a number/],
    [
      'is not valid yet',
      { claims: { nbf: nowSeconds + 30 } },
      /^it is not valid yet: see its claim nbf$/,
    ],
    ['is for somebody else', { claims: { aud: ['shop'] } }, /audience is not 'rabbitmq'/],
    ['is for nobody', { claims: { aud: undefined } }, /audience is not 'rabbitmq'/],
    [
      'is of another issuer',
      { claims: { iss: 'https://evil.example.com' } },
      /^its issuer is not 'https:/,
    ],
    ['is of no issuer', { claims: { iss: undefined } }, /"iss" claim/],
    ['is signed by another key', { by: foreign }, /signature verification failed/],
    ['names a key that there is not', { kid: 'other' }, /no applicable key/],
    ['is by an algorithm that its key is not for', { alg: 'RS512', kid: 'RS256' }, /no applicable/],
    ['names a user at length', { claims: { sub: 'é'.repeat(128) } }, /longer than 255 bytes/],
  ]
  for (const [what, signed, reason] of wrong) {
    it(`is refused that ${what}`, async () => {
      assert.match(await refusal(await sign(signed)), reason)
    })
  }

  it('is refused at the moment that it expires', async () => {
    const token = await sign({ claims: { exp: nowSeconds + 10 } })
    assert.ok(!('refusal' in (await check(token))))
    clock.shiftWallClock(10_000)
    assert.match(await refusal(token), /has expired/)
    clock.shiftWallClock(-10_000)
  })

  it('may hold for longer than there is time', async () => {
    const checked = await check(await sign({ claims: { exp: 1e300 } }))
    assert.ok('grant' in checked)
    assert.ok(Number.isSafeInteger(checked.grant.expiresAt))
  })

  it('is refused without a signature, or with one that everybody can make', async () => {
    const [, body = ''] = (await sign()).split('.')
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const alg of ['none', 'None', 'NONE']) {
      assert.match(await refusal(`${encode({ alg })}.${body}.`), /"alg"/)
    }
    // The public key as a shared secret: what RFC 8725 §2.1 warns of.
    const start = `${encode({ alg: 'HS256', kid: 'RS256' })}.${body}`
    const secret = await exportSPKI(pairs.get('RS256')!.publicKey)
    const mac = createHmac('sha256', secret).update(start).digest('base64url')
    assert.match(await refusal(`${start}.${mac}`), /"alg"/)
  })

  it('is refused when a bit of it is another', async () => {
    const token = await sign()
    const bytes = Buffer.from(token)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(bytes)
          changed[at]! ^= 1 << bit
          const checked = await login.check(changed)
          if ('refusal' in checked) return
          // The last character of a part has bits that say nothing.
          const same = (text: string): Buffer[] =>
            text.split('.').map((part) => Buffer.from(part, 'base64url'))
          assert.deepEqual(same(changed.toString()), same(token))
        },
      ),
    )
  })

  it('is refused whatever other bytes it is', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.constantFrom('eyJhbGciOiJFUzI1NiJ9', 'eyJhbGciOiJFUzI1NiIsImtpZCI6IkVTMjU2In0', '', '.'),
    )
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.array(part, { maxLength: 5 }).map((parts) => Buffer.from(parts.join('.'))),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (token) => {
        assert.equal(typeof isTokenShaped(token), 'boolean')
        const checked = await login.check(token)
        assert.ok('refusal' in checked)
      }),
    )
    assert.match(await refusal('x'.repeat(authLimits.tokenSizeMax + 1)), /too large/)
  })

  it('may say anything in its claims', async () => {
    const additionalScopes = ['extra', 'extra.a', 'a.b.c']
    const usernameClaims = ['extra', 'sub']
    const strange = newLogin({ additionalScopes, usernameClaims })
    const value = fc.jsonValue()
    const claims = fc.record({ scope: value, extra: value, a: value, authorization: value })
    await fc.assert(
      fc.asyncProperty(claims, async (said) => {
        const checked = await check(await sign({ claims: said }), strange)
        assert.ok('grant' in checked || checked.refusal.includes('longer'), JSON.stringify(checked))
      }),
    )
  })

  it('of any issuer will do where the settings name only its keys', async () => {
    const checked = await check(
      await sign({ claims: { iss: 'x' } }),
      newLogin({ issuer: undefined }),
    )
    assert.ok('grant' in checked)
  })

  it('is told from a password by its form', async () => {
    assert.ok(isTokenShaped(Buffer.from(await sign())))
    for (const password of ['', 'guest', 'a.b.c', 'eyword.secret.x', 'ey.ey.ey', 'eyJ9']) {
      assert.ok(!isTokenShaped(Buffer.from(password)), password)
    }
  })
})
