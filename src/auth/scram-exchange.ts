// The server's side of one login by SCRAM (RFC 5802, RFC 7677), without channel binding.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '../lib/random.ts'
import type { ScramMechanism, ScramSecret } from '../meta/access-rows.ts'
import { scramDigests } from './scram-secret.ts'

const nonceSize = 18

/** GS2 header (no channel binding, perhaps an authorization id), then user, nonce and extensions. */
const clientFirst = /^([ny],(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^\0]*)?)$/u
const clientFinal = /^(c=([^,]*),r=([^,]*)(?:,[^\0]*)?),p=([A-Za-z0-9+/=]+)$/u

/** What a client began its login with. */
interface Begun {
  readonly header: string
  readonly bare: string
  readonly nonce: string
}

interface Challenged {
  readonly secret: ScramSecret
  readonly nonce: string
  /** What both sides have said up to the proof. */
  readonly transcript: string
}

export class ScramExchange {
  readonly mechanism: ScramMechanism
  readonly #random: Random
  #begun: Begun | undefined
  #challenged: Challenged | undefined

  constructor(mechanism: ScramMechanism, random: Random) {
    this.mechanism = mechanism
    this.#random = random
  }

  /** Reads the client's first message; returns who it is, or undefined when it is malformed. */
  begin(message: Buffer): string | undefined {
    const parts = clientFirst.exec(message.toString())
    if (parts === null || this.#begun !== undefined) return undefined
    const [, header, actAs = '', bare, name, nonce] = parts as unknown as string[]
    const user = decodeName(name as string)
    if (actAs !== '' && decodeName(actAs) !== user) return undefined
    this.#begun = { header: header as string, bare: bare as string, nonce: nonce as string }
    return user
  }

  /** The answer to the first message of a user of whom `secret` is kept. */
  challenge(secret: ScramSecret): Buffer {
    const { bare, nonce: clientNonce } = this.#begun!
    const nonce = clientNonce + this.#random.bytes(nonceSize).toString('base64')
    const serverFirst = `r=${nonce},s=${secret.salt},i=${secret.iterations}`
    this.#challenged = { secret, nonce, transcript: `${bare},${serverFirst}` }
    return Buffer.from(serverFirst)
  }

  /** Checks the proof in the client's last message; the answer to it, or undefined when it is wrong. */
  finish(message: Buffer): Buffer | undefined {
    const parts = clientFinal.exec(message.toString())
    const challenged = this.#challenged
    this.#challenged = undefined
    if (parts === null || challenged === undefined) return undefined
    const [, withoutProof, binding, nonce, proof] = parts as unknown as [string, ...string[]]
    const { header } = this.#begun!
    // librdkafka up to 2.0 puts its own nonce in front once more, and Kafka takes that.
    if (nonce?.endsWith(challenged.nonce) !== true) return undefined
    if (binding !== Buffer.from(header).toString('base64')) return undefined
    const transcript = `${challenged.transcript},${withoutProof}`
    const { storedKey, serverKey } = challenged.secret
    if (!this.#proves(Buffer.from(proof as string, 'base64'), storedKey, transcript)) {
      return undefined
    }
    return Buffer.from(`v=${this.#sign(serverKey, transcript).toString('base64')}`)
  }

  #proves(proof: Buffer, storedKey: string, transcript: string): boolean {
    const signature = this.#sign(storedKey, transcript)
    if (proof.length !== signature.length) return false
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] as number)))
    const digest = createHash(scramDigests[this.mechanism].name).update(clientKey).digest()
    const stored = Buffer.from(storedKey, 'base64')
    return digest.length === stored.length && timingSafeEqual(digest, stored)
  }

  #sign(key: string, transcript: string): Buffer {
    const { name } = scramDigests[this.mechanism]
    return createHmac(name, Buffer.from(key, 'base64')).update(transcript).digest()
  }
}

/** Whom the first message of a login names; undefined for one that is malformed. */
export function nameInClientFirst(message: Buffer): string | undefined {
  const name = clientFirst.exec(message.toString())?.[4]
  return name === undefined ? undefined : decodeName(name)
}

/** RFC 5802, 5.1: a comma and an equals sign are escaped. */
function decodeName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
