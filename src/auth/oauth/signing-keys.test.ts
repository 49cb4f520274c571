import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { silentLogger } from '../../lib/logger.ts'
import { authLimits } from '../../limits/auth.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { SigningKeys } from './signing-keys.ts'

async function keyCalled(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
}

class Keys {
  readonly clock = new VirtualClock()
  readonly told: string[] = []
  /** What the source answers; an error is why it does not. */
  answer: string | Error = ''
  asked = 0
  readonly keys: SigningKeys

  constructor() {
    const note = (...line: readonly unknown[]): void => void this.told.push(JSON.stringify(line))
    const logger = { ...silentLogger, error: note, info: note }
    const read = (): Promise<string> => {
      this.asked++
      const { answer } = this
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    }
    this.keys = new SigningKeys({ name: 'issuer', read }, { clock: this.clock, logger })
  }

  tell(...keys: readonly JWK[]): void {
    this.answer = JSON.stringify({ keys })
  }

  find(kid: string): Promise<unknown> {
    return this.keys.find({ alg: 'ES256', kid }, { payload: '', signature: '' })
  }
}

describe('the keys of an issuer', () => {
  it('are read once for all who wait for them', async () => {
    const source = new Keys()
    source.tell(await keyCalled('a'), await keyCalled('b'))
    await Promise.all(['a', 'b', 'a'].map((kid) => source.find(kid)))
    await source.find('b')
    assert.equal(source.asked, 1)
  })

  it('are read again for one that is not among them, but not all the time', async () => {
    const source = new Keys()
    source.tell(await keyCalled('a'))
    await source.find('a')
    source.tell(await keyCalled('b'))
    await assert.rejects(source.find('b'), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    assert.equal(source.asked, 1)
    source.clock.advance(authLimits.issuerAskedEveryMs)
    await source.find('b')
    // A key that the issuer has taken back.
    await assert.rejects(source.find('a'), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    for (let count = 0; count < 100; count++) await assert.rejects(source.find(`c${count}`))
    assert.equal(source.asked, 2)
  })

  it('are read again when one cannot be used, or several might be meant', async () => {
    const good = await keyCalled('a')
    for (const wrong of [[{ ...good, x: 'AA' }], [good, good]]) {
      const source = new Keys()
      source.tell(...wrong)
      await assert.rejects(source.find('a'))
      source.tell(good)
      source.clock.advance(authLimits.issuerAskedEveryMs)
      await source.find('a')
      assert.equal(source.asked, 2)
    }
  })

  it('are read again when they are old', async () => {
    const source = new Keys()
    source.tell(await keyCalled('a'), await keyCalled('b'))
    await source.find('a')
    source.tell(await keyCalled('b'))
    source.clock.advance(authLimits.signingKeysMsMax)
    await source.find('a')
    source.clock.advance(1)
    await assert.rejects(source.find('a'), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    assert.equal(source.asked, 2)
  })

  it('stay while the issuer cannot be reached, which is told once', async () => {
    const source = new Keys()
    source.tell(await keyCalled('a'))
    await source.find('a')
    source.answer = new Error('connect ECONNREFUSED')
    for (let count = 0; count < 3; count++) {
      source.clock.advance(authLimits.signingKeysMsMax + 1)
      await source.find('a')
      await source.keys.refresh()
    }
    assert.equal(source.asked, 4)
    assert.equal(source.told.length, 1)
    assert.match(source.told[0]!, /cannot be read from issuer: connect ECONNREFUSED/)
    source.tell(await keyCalled('a'))
    source.clock.advance(authLimits.issuerAskedEveryMs)
    await source.keys.refresh()
    assert.match(source.told[1] ?? '', /read again/)
  })

  for (const answer of ['', '{', '[]', '7', 'null', '{"keys":7}', '{"keys":[]}', '{"keys":[7]}']) {
    it(`are none in ${answer || 'nothing'}`, async () => {
      const source = new Keys()
      source.answer = answer
      await assert.rejects(source.find('a'), /keys for tokens cannot be read from issuer/)
      source.tell(await keyCalled('a'))
      await assert.rejects(source.find('a'))
      source.clock.advance(authLimits.issuerAskedEveryMs)
      await source.find('a')
    })
  }
})
