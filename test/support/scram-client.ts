// The client's side of SCRAM (RFC 5802), of its formulas: no code is shared with the broker's.
import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

export type Mechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

const digests = { 'SCRAM-SHA-256': ['sha256', 32], 'SCRAM-SHA-512': ['sha512', 64] } as const

export class ScramClient {
  readonly mechanism: Mechanism
  readonly #password: string
  readonly #bare: string
  #serverSignature = ''

  constructor(name: string, password: string, mechanism: Mechanism = 'SCRAM-SHA-256') {
    this.mechanism = mechanism
    this.#password = password
    const escaped = name.replaceAll('=', '=3D').replaceAll(',', '=2C')
    this.#bare = `n=${escaped},r=clientNonce${Math.random()}`
  }

  get first(): Buffer {
    return Buffer.from(`n,,${this.#bare}`)
  }

  /** The proof, for the server's challenge. */
  final(challenge: Buffer): Buffer {
    const parts = /^(r=([^,]+)),s=([^,]+),i=(\d+)$/u.exec(challenge.toString())
    assert.ok(parts !== null, challenge.toString())
    const [, nonce = '', , salt = '', iterations] = parts
    const [digest, size] = digests[this.mechanism]
    const salted = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, 'base64'),
      Number(iterations),
      size,
      digest,
    )
    const sign = (key: Buffer, text: string): Buffer =>
      createHmac(digest, key).update(text).digest()
    const withoutProof = `c=biws,${nonce}`
    const transcript = `${this.#bare},${challenge.toString()},${withoutProof}`
    const clientKey = sign(salted, 'Client Key')
    const signature = sign(createHash(digest).update(clientKey).digest(), transcript)
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!))
    this.#serverSignature = sign(sign(salted, 'Server Key'), transcript).toString('base64')
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  /** Fails when the server has not proved that it knows the user. */
  checkServer(final: Buffer | undefined): void {
    assert.equal(final?.toString(), `v=${this.#serverSignature}`)
  }
}
