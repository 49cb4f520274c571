// Who signs tokens, as an OpenID Connect provider does: keys of its own and, while it is open, a server that tells
// them. Nothing of it is the broker's, besides the library.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWK, SignJWT } from 'jose'

interface Key {
  readonly kid: string
  readonly alg: string
  readonly pair: GenerateKeyPairResult
}

/** Claims beside those that every token of these tests has; undefined leaves one out. */
export type ClaimsOf = Readonly<Record<string, unknown>>

export class TokenIssuer implements AsyncDisposable {
  readonly server: Server
  /** How often the keys were asked for. */
  keyRequests = 0
  /** Answers in place of the right one. */
  answer: { readonly status: number; readonly body: string } | undefined
  /** Takes requests and never answers. */
  isMute = false
  #keys: Key[] = []

  private constructor() {
    this.server = createServer((request, response) => {
      const isDiscovery = request.url === '/.well-known/openid-configuration'
      if (!isDiscovery) this.keyRequests++
      if (this.isMute) return
      void this.#body(isDiscovery).then((body) => {
        const { status } = this.answer ?? { status: 200 }
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      })
    })
  }

  static async start(alg = 'ES256'): Promise<TokenIssuer> {
    const issuer = new TokenIssuer()
    await issuer.rotate(alg)
    issuer.server.listen(0, '127.0.0.1')
    await once(issuer.server, 'listening')
    return issuer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get keysUrl(): string {
    return `${this.url}/keys`
  }

  /** From now on it signs with another key, and tells that one only. */
  async rotate(alg = 'ES256'): Promise<void> {
    const pair = await generateKeyPair(alg, { extractable: true })
    this.#keys = [{ kid: `key-${this.#keys.length}-${Math.random()}`, alg, pair }]
  }

  /** The public keys, as it tells them. */
  async jwks(): Promise<{ readonly keys: JWK[] }> {
    const keys = this.#keys.map(async ({ kid, alg, pair }) => {
      return { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }
    })
    return { keys: await Promise.all(keys) }
  }

  /** A token for a broker called rabbitmq, which holds for an hour. */
  sign(claims: ClaimsOf = {}): Promise<string> {
    const [{ kid, alg, pair } = missingKey()] = this.#keys
    const exp = Math.floor(Date.now() / 1000) + 3600
    const all = { iss: this.url, aud: 'rabbitmq', sub: 'app', exp, ...claims }
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
    return new SignJWT(kept).setProtectedHeader({ alg, kid }).sign(pair.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  async #body(isDiscovery: boolean): Promise<string> {
    if (this.answer !== undefined) return this.answer.body
    if (!isDiscovery) return JSON.stringify(await this.jwks())
    return JSON.stringify({ issuer: this.url, jwks_uri: this.keysUrl })
  }
}

function missingKey(): never {
  throw new Error('the issuer has no key')
}

/** Scopes that permit everything everywhere. */
export const allScopes = 'rabbitmq.configure:*/* rabbitmq.write:*/*/* rabbitmq.read:*/*/*'
