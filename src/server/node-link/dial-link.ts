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
  linkVersion,
  type Nonces,
  nonceSize,
  proofSize,
  sizeSize,
  versionOf,
} from './link-proof.ts'
import { decodeAnswer, encodePreface, type LinkAnswer, type Preface } from './preface.ts'

export interface DialParts {
  readonly proof: LinkProof
  readonly clock: Clock
  readonly random: Random
}

/** Resolves with the answer. Rejects when the other end is no node of this cluster, or says nothing in time. */
export async function dialLink(
  socket: Socket,
  preface: Preface,
  { proof, clock, random }: DialParts,
): Promise<LinkAnswer> {
  const reader = new ExactReader(socket)
  socket.setKeepAlive(true, linkLimits.keepAliveMs)
  const msMax = linkLimits.dialMsMax
  const timer = clock.after(msMax, () => socket.destroy(new Error(`no answer within ${msMax} ms`)))
  try {
    const nonces = await greet(socket, reader, { proof, random })
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
  { proof, random }: Pick<DialParts, 'proof' | 'random'>,
): Promise<Nonces> {
  const dialer = random.bytes(nonceSize)
  socket.write(Buffer.concat([greeting(), dialer]))
  const version = versionOf(await reader.read(greetingSize))
  if (version === undefined) throw new Error('no node of a cluster answers there')
  if (version !== linkVersion) {
    throw new Error(`it speaks version ${version} of the node port, and this one ${linkVersion}`)
  }
  const nonces = { dialer, listener: await reader.read(nonceSize) }
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
