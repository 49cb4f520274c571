// Connections of this node to others of its cluster, each for one client. A node that cannot be reached is left alone
// for a moment, and only so many connections to one node are begun at a time: thousands of clients may want there.
import type { Socket } from 'node:net'
import { Brake } from '../../lib/brake.ts'
import type { Clock } from '../../lib/clock.ts'
import { Fifo } from '../../lib/fifo.ts'
import type { Address } from '../../lib/listen.ts'
import { type Logger, silentLogger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import { linkLimits } from '../../limits/link.ts'
import { type ConnectSocket, connectSocket } from '../connect-socket.ts'
import { dialLink, LinkVersionError, LowerVersionError } from './dial-link.ts'
import type { LinkCipher } from './link-cipher.ts'
import { LinkProof, type LinkVersions, linkVersions } from './link-proof.ts'
import type { LinkAnswer, LinkRefusal, Preface } from './preface.ts'

/** A node, as far as it is reached. */
export interface LinkTarget {
  readonly node: number
  readonly incarnation: number
  readonly addresses: { readonly link?: Address }
}

/** An open link, or why there is none; `unreachable` may be another node with the address of one that is gone. */
export type LinkResult =
  | { readonly socket: Socket; readonly epoch: number }
  | {
      readonly socket: undefined
      readonly refusal: LinkRefusal | 'unreachable'
      readonly text: string
    }

export interface NodeLinksParts {
  /** Of the cluster. */
  readonly secret: Buffer
  readonly clock: Clock
  readonly random: Random
  readonly cipher: LinkCipher
  /** The machine's own by default. */
  readonly connect?: ConnectSocket
  /** This release's by default. */
  readonly versions?: LinkVersions
  readonly logger?: Logger
}

interface Neighbour {
  readonly incarnation: number
  /** Of the node port: that it has answered with, or the newest. */
  version: number
  /** Why it could not be reached, which counts until then. */
  failure: { readonly text: string; readonly until: number } | undefined
  dialCount: number
  readonly waiting: Fifo<Waiting>
}

interface Waiting {
  readonly signal: AbortSignal | undefined
  readonly goOn: () => void
}

export class NodeLinks {
  readonly #parts: Required<NodeLinksParts>
  readonly #proof: LinkProof
  readonly #brake: Brake
  readonly #neighbours = new Map<number, Neighbour>()

  constructor(parts: NodeLinksParts) {
    const own = { connect: connectSocket, versions: linkVersions, logger: silentLogger }
    this.#parts = { ...own, ...parts }
    this.#brake = new Brake(parts.clock, linkLimits.versionWarningMs)
    this.#proof = new LinkProof(parts.secret)
  }

  /**
   * Resolves when the node has taken or refused the link, or `signal` says that there is no use in it any more. Never
   * rejects. The socket's errors are the caller's.
   */
  async connectTo(target: LinkTarget, preface: Preface, signal?: AbortSignal): Promise<LinkResult> {
    const neighbour = this.#neighbourOf(target)
    const isFull = neighbour.dialCount >= linkLimits.dialsAtOnceMax
    if (isFull && !(await itsTurn(neighbour, signal))) return unreachable(noUse)
    const text = signal?.aborted === true ? noUse : this.#failureOf(neighbour)
    if (text !== undefined) {
      wakeNext(neighbour)
      return unreachable(text)
    }
    neighbour.dialCount++
    try {
      const dialed = await this.#dialAgain(target, neighbour, (version) =>
        this.#dial(target, preface, { version, signal }),
      )
      neighbour.failure = undefined
      return resultOf(dialed)
    } catch (error) {
      const { message } = error as Error
      const until = this.#parts.clock.monotonic() + linkLimits.unreachableMs
      if (signal?.aborted !== true) neighbour.failure = { text: message, until }
      return unreachable(message)
    } finally {
      neighbour.dialCount--
      wakeNext(neighbour)
    }
  }

  /** Why it is left alone for the moment. */
  #failureOf({ failure }: Neighbour): string | undefined {
    const isOld = failure === undefined || this.#parts.clock.monotonic() >= failure.until
    return isOld ? undefined : failure.text
  }

  /** With another version, where the node speaks only that. It is asked with it from then on. */
  async #dialAgain(
    { node, addresses }: LinkTarget,
    neighbour: Neighbour,
    dial: (version: number) => Promise<Dialed>,
  ): Promise<Dialed> {
    try {
      return await dial(neighbour.version)
    } catch (error) {
      if (error instanceof LowerVersionError) {
        neighbour.version = error.version
        return await dial(error.version)
      }
      if (error instanceof LinkVersionError && this.#brake.pass() !== undefined) {
        const { host = '', port = '' } = addresses.link ?? {}
        this.#parts.logger.warn(`Node ${node} at ${host}:${port} is not asked: ${error.message}`)
      }
      throw error
    }
  }

  async #dial(
    { addresses }: LinkTarget,
    preface: Preface,
    { version, signal }: DialManner,
  ): Promise<Dialed> {
    const { link } = addresses
    if (link === undefined) throw new Error('the node says no address for other nodes')
    const { connect, clock, random, cipher, versions } = this.#parts
    const socket = await cipher.dial(await connect(link, linkLimits.connectMsMax, clock))
    const end = (): void => void socket.destroy(new Error(noUse))
    signal?.addEventListener('abort', end)
    try {
      const parts = { proof: this.#proof, clock, random, versions, version }
      const answer = await dialLink(socket, preface, parts)
      return { socket, answer }
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  #neighbourOf({ node, incarnation }: LinkTarget): Neighbour {
    const known = this.#neighbours.get(node)
    if (known?.incarnation === incarnation) return known
    const neighbour = {
      incarnation,
      version: this.#parts.versions.newest,
      failure: undefined,
      dialCount: 0,
      waiting: new Fifo<Waiting>(),
    }
    this.#neighbours.set(node, neighbour)
    return neighbour
  }
}

const noUse = 'another node is the owner by now'

/** False when `signal` came first. */
function itsTurn({ waiting }: Neighbour, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    waiting.push({ signal, goOn: () => resolve(true) })
    signal?.addEventListener('abort', () => resolve(false), { once: true })
  })
}

function wakeNext({ waiting }: Neighbour): void {
  let next = waiting.shift()
  while (next?.signal?.aborted === true) next = waiting.shift()
  next?.goOn()
}

function unreachable(text: string): LinkResult {
  return { socket: undefined, refusal: 'unreachable', text }
}

interface DialManner {
  /** Of the node port. */
  readonly version: number
  readonly signal: AbortSignal | undefined
}

interface Dialed {
  readonly socket: Socket
  readonly answer: LinkAnswer
}

function resultOf({ socket, answer }: Dialed): LinkResult {
  if (answer.isAccepted) return { socket, epoch: answer.epoch }
  socket.destroy()
  return { socket: undefined, refusal: answer.refusal, text: answer.text }
}
