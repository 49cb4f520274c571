// Logins with a token of an issuer (a JWT, RFC 7519): who it names and what it permits, once its signature, issuer,
// audience and time are right. The library for signatures is loaded with the first token.
import type { Clock } from '../../lib/clock.ts'
import { authLimits } from '../../limits/auth.ts'
import { type Claims, isFor, scopesOf, type TokenSettings, userOf } from './claims.ts'
import type { SigningKeys } from './signing-keys.ts'
import { TokenGrant } from './token-grant.ts'

/** Whom a token names. */
export interface TokenUser {
  readonly user: string
  readonly tags: readonly string[]
  readonly grant: TokenGrant
}

/** `refusal` is the reason, for the broker's own log. */
export type CheckedToken = TokenUser | { readonly refusal: string }

/** Of keys that only the issuer has: a secret that is shared would let the broker make tokens. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** Of jose. */
const wrongSignature = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'

/** The last moment that a date can be. */
const lastMs = 8.64e15

export class TokenLogin {
  readonly #settings: TokenSettings
  readonly #keys: SigningKeys
  readonly #clock: Clock

  constructor(settings: TokenSettings, keys: SigningKeys, clock: Clock) {
    this.#settings = settings
    this.#keys = keys
    this.#clock = clock
  }

  /** Never rejects, whatever the bytes are. */
  async check(token: Uint8Array): Promise<CheckedToken> {
    if (token.length > authLimits.tokenSizeMax) return { refusal: 'it is too large' }
    try {
      return this.#read(await this.#verifyByNewest(token))
    } catch (error) {
      return { refusal: reasonOf(error, this.#settings.issuer) }
    }
  }

  /** An issuer may put a new key in the place of one, under the same name or without any. */
  async #verifyByNewest(token: Uint8Array): Promise<Claims> {
    const { count } = this.#keys
    try {
      return await this.#verify(token)
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== wrongSignature) throw error
      if (this.#keys.count === count) await this.#keys.refresh()
      if (this.#keys.count === count) throw error
      return await this.#verify(token)
    }
  }

  async #verify(token: Uint8Array): Promise<Claims> {
    const { jwtVerify } = await import('jose')
    const { issuer } = this.#settings
    const { payload } = await jwtVerify(Buffer.from(token).toString(), this.#keys.find, {
      algorithms,
      requiredClaims: ['exp'],
      currentDate: new Date(this.#clock.now()),
      ...(issuer === undefined ? {} : { issuer }),
    })
    return payload
  }

  #read(claims: Claims): CheckedToken {
    const settings = this.#settings
    if (!isFor(claims, settings)) {
      return { refusal: `its audience is not '${settings.resourceServerId}'` }
    }
    const user = userOf(claims, settings)
    if (Buffer.byteLength(user) > authLimits.nameSizeMax) {
      return { refusal: `its user's name is longer than ${authLimits.nameSizeMax} bytes` }
    }
    const read = scopesOf(claims, settings)
    if (read === undefined) return { refusal: `it has more than ${authLimits.scopesMax} scopes` }
    // jose has seen that it is a number.
    const expiresAt = Math.min(Math.trunc(Number(claims['exp'])) * 1000, lastMs)
    return { user, tags: read.tags, grant: new TokenGrant(read.scopes, expiresAt) }
  }
}

/** jose names the claim and the check; these are the checks that people run into. */
function reasonOf(error: unknown, issuer: string | undefined): string {
  const { code, claim, reason } = error as Partial<Record<'code' | 'claim' | 'reason', unknown>>
  if (code === 'ERR_JWT_EXPIRED') return 'it has expired'
  if (reason === 'check_failed' && claim === 'nbf') return 'it is not valid yet: see its claim nbf'
  if (reason === 'check_failed' && claim === 'iss') return `its issuer is not '${issuer}'`
  return error instanceof Error ? error.message : String(error)
}
