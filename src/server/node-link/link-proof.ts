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

/** What a node speaks: all from `oldest` to `newest`. */
export interface LinkVersions {
  readonly newest: number
  readonly oldest: number
}

/**
 * The version is that of everything which nodes say to each other: greeting, prefaces, what links carry of clients, and
 * the calls of cells (`node/calls`). The rule:
 *
 * 1. `newest` rises with a release that says something which its predecessor does not understand, or would take for
 *    something else. What may be left out (another field, a call that is asked for in vain) needs no new version.
 * 2. `oldest` is what the release before spoke, never more: a cluster is updated node by node, so two releases that
 *    follow on one another work together. They speak the lower version, and say nothing that it does not have.
 * 3. Nodes that are further apart refuse each other, and both say so in their logs.
 *
 * No release has had nodes yet, so there is one version.
 */
export const linkVersions: LinkVersions = { newest: 1, oldest: 1 }
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
  /** That both speak. */
  readonly version: number
  readonly dialer: Buffer
  readonly listener: Buffer
}

export function greeting(version: number): Buffer {
  return Buffer.concat([magic, Buffer.from([version])])
}

/** Why nodes of these versions cannot work together, for people. */
export function otherVersion(theirs: number, versions: LinkVersions): string {
  const which = theirs > versions.newest ? 'newer' : 'older'
  return `${versionsText(theirs, versions)}: its Pabal is ${which} by more than one release`
}

/** The same for whoever has come with a version, and may speak an older one as well. */
export function refusedVersion(theirs: number, versions: LinkVersions): string {
  if (theirs < versions.oldest) return otherVersion(theirs, versions)
  return `${versionsText(theirs, versions)}: its Pabal is newer, and comes again if it is so by one release`
}

function versionsText(theirs: number, { newest, oldest }: LinkVersions): string {
  const own = oldest === newest ? `${newest}` : `${oldest} to ${newest}`
  return `it speaks version ${theirs} of the node port, and this one ${own}`
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

  make(step: ProofStep, { version, dialer, listener }: Nonces, bytes: Buffer = noBytes): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`pabal node link ${version} ${step}\n`)
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
