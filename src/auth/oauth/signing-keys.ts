// The keys that an issuer signs tokens with: read when they are first needed, again when none of them can be
// used for a token, and when they get old. Whoever waits for the same answer waits together.
//
// Keys that were read stay when the issuer cannot be reached: its outage ends no logins.
import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { authLimits } from '../../limits/auth.ts'

/** Where keys come from. */
export interface KeySource {
  /** For the log. */
  readonly name: string
  /** A JSON Web Key Set (RFC 7517 §5) as text. Rejects with what went wrong, for the log. */
  read(): Promise<string>
}

/** There are no keys to check a token with; the message says why. */
export class NoKeysError extends Error {
  override readonly name = 'NoKeysError'
}

type FindKey = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>

interface KeyParts {
  readonly clock: Clock
  readonly logger: Logger
}

export class SigningKeys {
  readonly #source: KeySource
  readonly #parts: KeyParts
  #find: FindKey | undefined
  #readAt = 0
  #askedAt = -Infinity
  #reading: Promise<void> | undefined
  /** How often they have been read. */
  #count = 0
  /** Why the last reading failed. */
  #problem: string | undefined

  constructor(source: KeySource, parts: KeyParts) {
    this.#source = source
    this.#parts = parts
  }

  /** The key for a token, as jose asks for it. Rejects with `NoKeysError` or an error of jose. */
  readonly find: FindKey = async (header, token) => {
    if (this.#find === undefined) await this.refresh()
    else if (this.#parts.clock.monotonic() - this.#readAt > authLimits.signingKeysMsMax) {
      const done = this.refresh()
      // While the issuer cannot be reached nobody waits for it again and again.
      if (this.#problem === undefined) await done
    }
    const known = this.#find
    if (known === undefined) throw new NoKeysError(this.#problem ?? 'the issuer was not asked')
    try {
      return await known(header, token)
    } catch (error) {
      // None is the one, several are, or it cannot be used: the issuer may have mended that.
      await this.refresh()
      const fresh = this.#find
      if (fresh === undefined || fresh === known) throw error
      return fresh(header, token)
    }
  }

  /** Rises when they have been read. */
  get count(): number {
    return this.#count
  }

  /** Reads the keys again, unless that was done just now. Never rejects. */
  async refresh(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    if (this.#reading === undefined) {
      if (now - this.#askedAt < authLimits.issuerAskedEveryMs) return
      this.#askedAt = now
      this.#reading = this.#read().finally(() => (this.#reading = undefined))
    }
    await this.#reading
  }

  async #read(): Promise<void> {
    const { clock, logger } = this.#parts
    const { name } = this.#source
    try {
      const { createLocalJWKSet } = await import('jose')
      const set = parseKeys(await this.#source.read())
      this.#find = createLocalJWKSet(set)
      this.#readAt = clock.monotonic()
      this.#count++
      if (this.#problem !== undefined) logger.info(`Keys for tokens are read again from ${name}`)
      this.#problem = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const problem = `keys for tokens cannot be read from ${name}: ${reason}`
      if (problem !== this.#problem) logger.error({ reason: problem }, 'No keys for tokens')
      this.#problem = problem
    }
  }
}

function parseKeys(text: string): JSONWebKeySet {
  const value: unknown = JSON.parse(text)
  const keys: unknown = typeof value === 'object' && value !== null && 'keys' in value && value.keys
  if (Array.isArray(keys) && keys.length > 0) return { keys: keys as JSONWebKeySet['keys'] }
  throw new Error('there is no JSON Web Key Set with a key')
}
