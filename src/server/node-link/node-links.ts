// Connections of this node to others of its cluster, each for one client. A node that cannot be reached is left alone
// for a moment, and only so many connections to one node are begun at a time: thousands of clients may want there.
import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { Fifo } from '../../lib/fifo.ts'
import type { Address } from '../../lib/listen.ts'
import type { Random } from '../../lib/random.ts'
import { linkLimits } from '../../limits/link.ts'
import { type ConnectSocket, connectSocket } from '../connect-socket.ts'
import { dialLink } from './dial-link.ts'
import { LinkProof } from './link-proof.ts'
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
  /** The machine's own by default. */
  readonly connect?: ConnectSocket
}

interface Neighbour {
  readonly incarnation: number
  /** Why it could not be reached, which counts until then. */
  failure: { readonly text: string; readonly until: number } | undefined
  dialCount: number
  readonly waiting: Fifo<() => void>
}

export class NodeLinks {
  readonly #parts: Required<NodeLinksParts>
  readonly #proof: LinkProof
  readonly #neighbours = new Map<number, Neighbour>()

  constructor(parts: NodeLinksParts) {
    this.#parts = { connect: connectSocket, ...parts }
    this.#proof = new LinkProof(parts.secret)
  }

  /** Resolves when the node has taken or refused the link. Never rejects. The socket's errors are the caller's. */
  async connectTo(target: LinkTarget, preface: Preface): Promise<LinkResult> {
    const neighbour = this.#neighbourOf(target)
    if (neighbour.dialCount >= linkLimits.dialsAtOnceMax) {
      await new Promise<void>((resolve) => neighbour.waiting.push(resolve))
    }
    const { failure } = neighbour
    if (failure !== undefined && this.#parts.clock.monotonic() < failure.until) {
      neighbour.waiting.shift()?.()
      return { socket: undefined, refusal: 'unreachable', text: failure.text }
    }
    neighbour.dialCount++
    try {
      const dialed = await this.#dial(target, preface)
      neighbour.failure = undefined
      return resultOf(dialed)
    } catch (error) {
      const { message: text } = error as Error
      const until = this.#parts.clock.monotonic() + linkLimits.unreachableMs
      neighbour.failure = { text, until }
      return { socket: undefined, refusal: 'unreachable', text }
    } finally {
      neighbour.dialCount--
      neighbour.waiting.shift()?.()
    }
  }

  async #dial({ addresses }: LinkTarget, preface: Preface): Promise<Dialed> {
    const { link } = addresses
    if (link === undefined) throw new Error('the node says no address for other nodes')
    const { connect, clock, random } = this.#parts
    const socket = await connect(link, linkLimits.connectMsMax, clock)
    const answer = await dialLink(socket, preface, { proof: this.#proof, clock, random })
    return { socket, answer }
  }

  #neighbourOf({ node, incarnation }: LinkTarget): Neighbour {
    const known = this.#neighbours.get(node)
    if (known?.incarnation === incarnation) return known
    const neighbour = {
      incarnation,
      failure: undefined,
      dialCount: 0,
      waiting: new Fifo<() => void>(),
    }
    this.#neighbours.set(node, neighbour)
    return neighbour
  }
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
