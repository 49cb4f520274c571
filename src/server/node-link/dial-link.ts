// What a node says on a connection that it has made to another one, up to the answer to its preface.
import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { linkLimits } from '../../limits/link.ts'
import { ExactReader } from './exact-reader.ts'
import {
  greeting,
  greetingSize,
  type LinkProof,
  type LinkVersions,
  type Nonces,
  nonceSize,
  otherVersion,
  proofSize,
  sizeSize,
  versionOf,
} from './link-proof.ts'
import { decodeAnswer, encodePreface, type LinkAnswer, type Preface } from './preface.ts'

export interface DialParts {
  readonly proof: LinkProof
  readonly clock: Clock
  readonly random: Random
  readonly versions: LinkVersions
  /** Of these, the one to begin with. */
  readonly version: number
}

/** The other end speaks this one only, which this node speaks as well: it is to be asked again. */
export class LowerVersionError extends Error {
  readonly version: number

  constructor(version: number) {
    super(`it speaks version ${version} of the node port`)
    this.version = version
  }
}

/** The other end is a node, and of a release with which this one does not work. */
export class LinkVersionError extends Error {}

/**
 * Resolves with the answer. Rejects when the other end is no node of this cluster, or says nothing in time; with
 * `LowerVersionError` and `LinkVersionError` when it speaks another version.
 */
export async function dialLink(
  socket: Socket,
  preface: Preface,
  parts: DialParts,
): Promise<LinkAnswer> {
  const { proof, clock } = parts
  const reader = new ExactReader(socket)
  socket.setKeepAlive(true, linkLimits.keepAliveMs)
  const msMax = linkLimits.dialMsMax
  const timer = clock.after(msMax, () => socket.destroy(new Error(`no answer within ${msMax} ms`)))
  try {
    const nonces = await greet(socket, reader, parts)
    socket.write(proof.seal('preface', nonces, encodePreface(preface)))
    return await readAnswer(reader, nonces, proof)
  } catch (error) {
    socket.on('error', ignore)
    socket.destroy()
    throw error
  } finally {
    timer.stop()
    reader.release()
  }
}

/** Nothing of a client is said before the other end has proved that it knows the secret. */
async function greet(
  socket: Socket,
  reader: ExactReader,
  { proof, random, version, versions }: DialParts,
): Promise<Nonces> {
  const dialer = random.bytes(nonceSize)
  socket.write(Buffer.concat([greeting(version), dialer]))
  const theirs = versionOf(await reader.read(greetingSize))
  if (theirs === undefined) throw new Error('no node of a cluster answers there')
  if (theirs < version && theirs >= versions.oldest) throw new LowerVersionError(theirs)
  if (theirs !== version) throw new LinkVersionError(otherVersion(theirs, versions))
  const nonces = { version, dialer, listener: await reader.read(nonceSize) }
  if (!proof.isRight(await reader.read(proofSize), 'listener', nonces)) {
    throw new Error('it does not know the secret of this cluster')
  }
  return nonces
}

async function readAnswer(
  reader: ExactReader,
  nonces: Nonces,
  proof: LinkProof,
): Promise<LinkAnswer> {
  const size = (await reader.read(sizeSize)).readUInt32BE()
  if (size > linkLimits.prefaceSizeMax) throw new Error(`its answer has ${size} bytes`)
  const sealed = await reader.read(proofSize)
  const bytes = await reader.read(size)
  const answer = proof.isRight(sealed, 'answer', nonces, bytes) ? decodeAnswer(bytes) : undefined
  if (answer === undefined) throw new Error('its answer makes no sense')
  return answer
}

function ignore(): void {}
