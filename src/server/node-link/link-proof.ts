// How nodes prove to each other that they are of one cluster: both know its secret, which stands in PostgreSQL.
//
//   dialer   → magic, version, its nonce
//   listener → magic, version, its nonce, proof of both nonces
//   dialer   → size, proof of both nonces and the preface, the preface
//   listener → size, proof of both nonces and the answer, the answer
//
// Then bytes go through as they are. Each proof is for one party, one step and these nonces: said again, or said back,
// it proves nothing. What follows is protected by link-cipher.ts.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** Rises when nodes could not understand each other any more. */
export const linkVersion = 1
const magic: Buffer = Buffer.from('PBLNODE')
/** Of magic and version. */
export const greetingSize: number = magic.length + 1
export const nonceSize = 32
export const proofSize = 32
/** Of the number of bytes that a preface or an answer has. */
export const sizeSize = 4

export type ProofStep = 'listener' | 'preface' | 'answer'

/** What both ends have said before they prove anything. */
export interface Nonces {
  readonly dialer: Buffer
  readonly listener: Buffer
}

export function greeting(): Buffer {
  return Buffer.concat([magic, Buffer.from([linkVersion])])
}

/** The version that somebody speaks; undefined for who is no node at all. */
export function versionOf(bytes: Buffer): number | undefined {
  return bytes.subarray(0, magic.length).equals(magic) ? bytes[magic.length] : undefined
}

export class LinkProof {
  readonly #secret: Buffer

  constructor(secret: Buffer) {
    this.#secret = secret
  }

  make(step: ProofStep, { dialer, listener }: Nonces, bytes: Buffer = noBytes): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`pabal node link ${linkVersion} ${step}\n`)
      .update(dialer)
      .update(listener)
      .update(bytes)
      .digest()
  }

  isRight(proof: Buffer, step: ProofStep, nonces: Nonces, bytes: Buffer = noBytes): boolean {
    return timingSafeEqual(proof, this.make(step, nonces, bytes))
  }

  /** A preface or an answer as it is sent. */
  seal(step: ProofStep, nonces: Nonces, bytes: Buffer): Buffer {
    const size = Buffer.alloc(sizeSize)
    size.writeUInt32BE(bytes.length)
    return Buffer.concat([size, this.make(step, nonces, bytes), bytes])
  }
}

const noBytes: Buffer = Buffer.alloc(0)
