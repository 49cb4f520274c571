// The node port: where other nodes of the cluster bring clients whose cell this one serves. Whoever comes proves first
// that it knows the cluster's secret, within a time and in few bytes; there are only so many who have not.
import type { Socket } from 'node:net'
import { Brake } from '../../lib/brake.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import { linkLimits } from '../../limits/link.ts'
import { ExactReader } from './exact-reader.ts'
import type { LinkCipher } from './link-cipher.ts'
import {
  greeting,
  greetingSize,
  LinkProof,
  type LinkVersions,
  linkVersions,
  type Nonces,
  nonceSize,
  proofSize,
  refusedVersion,
  sizeSize,
  versionOf,
} from './link-proof.ts'
import {
  decodePreface,
  encodeAnswer,
  type LinkAnswer,
  type LinkProtocol,
  type LinkRefusal,
  type Preface,
} from './preface.ts'

/** A link that another node of the cluster asks for: it is accepted or refused once. */
export interface IncomingLink {
  readonly preface: Preface
  /**
   * The socket, with nothing read of what follows the preface: for `takeOver`, or for a server of Node. Undefined
   * when the other end is gone. Its errors are for whoever gets it.
   */
  accept(epoch: number): Socket | undefined
  refuse(refusal: LinkRefusal, text: string): void
}

export type LinkHandler = (link: IncomingLink) => void

export interface LinkListenerParts {
  /** Of the cluster. */
  readonly secret: Buffer
  /** Who takes what; a protocol without one is refused. */
  readonly handlers: Readonly<Partial<Record<LinkProtocol, LinkHandler>>>
  readonly clock: Clock
  readonly random: Random
  readonly cipher: LinkCipher
  readonly logger: Logger
  /** This release's by default. */
  readonly versions?: LinkVersions
}

export class LinkListener implements Disposable {
  readonly #parts: LinkListenerParts
  readonly #proof: LinkProof
  readonly #versions: LinkVersions
  /** Those that have not proved anything, oldest first. */
  readonly #strangers = new Map<Socket, Timer>()
  readonly #brake: Brake

  constructor(parts: LinkListenerParts) {
    this.#parts = parts
    this.#proof = new LinkProof(parts.secret)
    this.#versions = parts.versions ?? linkVersions
    this.#brake = new Brake(parts.clock, linkLimits.warningMs)
  }

  /** How many have not proved anything yet. */
  get strangerCount(): number {
    return this.#strangers.size
  }

  /** Takes over an accepted socket: paused, nothing was read. */
  readonly accept = (socket: Socket): void => {
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size >= linkLimits.strangersMax && oldest !== undefined) {
      this.#end(oldest, 'too many have not said who they are')
    }
    const timer = this.#parts.clock.after(linkLimits.proofMsMax, () =>
      this.#end(socket, `it said too little within ${linkLimits.proofMsMax} ms`),
    )
    this.#strangers.set(socket, timer)
    socket.on('error', ignore)
    void this.#listen(socket)
  };

  /** Ends those that have not proved anything; the others belong to whoever took them. */
  [Symbol.dispose](): void {
    for (const [socket, timer] of this.#strangers) {
      timer.stop()
      socket.destroy()
    }
    this.#strangers.clear()
  }

  async #listen(accepted: Socket): Promise<void> {
    const { remoteAddress = '' } = accepted
    let link: Link
    try {
      const socket = await this.#parts.cipher.accept(accepted)
      link = await this.#meet(socket)
    } catch (error) {
      // Others have been ended, and it was said why.
      const isStranger = this.#strangers.has(accepted)
      if (isStranger) this.#end(accepted, (error as Error).message, remoteAddress)
      return
    }
    this.#forget(accepted)
    this.#hand(link)
  }

  async #meet(socket: Socket): Promise<Link> {
    if (socket.listenerCount('error') === 0) socket.on('error', ignore)
    const reader = new ExactReader(socket)
    try {
      const nonces = await this.#greet(socket, reader)
      const preface = await this.#readPreface(reader, nonces)
      return new Link(socket, preface, (answer) => this.#seal(nonces, answer))
    } finally {
      reader.release()
    }
  }

  /** Proves to whoever comes that this is the cluster, before it says anything of a client. */
  async #greet(socket: Socket, reader: ExactReader): Promise<Nonces> {
    const version = versionOf(await reader.read(greetingSize))
    if (version === undefined) throw new Error('it is no node of a cluster')
    const { newest, oldest } = this.#versions
    if (version > newest || version < oldest) {
      // A newer one that speaks this version, too, comes again with it.
      socket.end(greeting(newest))
      throw new Error(refusedVersion(version, this.#versions))
    }
    const dialer = await reader.read(nonceSize)
    const nonces = { version, dialer, listener: this.#parts.random.bytes(nonceSize) }
    const proof = this.#proof.make('listener', nonces)
    socket.write(Buffer.concat([greeting(version), nonces.listener, proof]))
    return nonces
  }

  async #readPreface(reader: ExactReader, nonces: Nonces): Promise<Preface> {
    const size = (await reader.read(sizeSize)).readUInt32BE()
    if (size > linkLimits.prefaceSizeMax) throw new Error(`its preface has ${size} bytes`)
    const proof = await reader.read(proofSize)
    const bytes = await reader.read(size)
    if (!this.#proof.isRight(proof, 'preface', nonces, bytes)) {
      throw new Error('it does not know the secret of this cluster')
    }
    const preface = decodePreface(bytes)
    if (preface === undefined) throw new Error('its preface makes no sense')
    return preface
  }

  #hand(link: Link): void {
    const { handlers, clock, logger } = this.#parts
    const { protocol } = link.preface
    link.expireAt(clock.after(linkLimits.answerMsMax, () => link.refuse('not-owner', 'no answer')))
    const handler = handlers[protocol]
    if (handler === undefined) {
      link.refuse('unusable', `this node takes no clients of ${protocol}`)
      return
    }
    try {
      handler(link)
    } catch (error) {
      logger.error({ err: error }, 'Unexpected error in a link of another node')
      link.refuse('unusable', 'an unexpected error occurred; the log of the node has details')
    }
  }

  #seal(nonces: Nonces, answer: LinkAnswer): Buffer {
    return this.#proof.seal('answer', nonces, encodeAnswer(answer))
  }

  #forget(socket: Socket): void {
    this.#strangers.get(socket)?.stop()
    this.#strangers.delete(socket)
  }

  #end(socket: Socket, reason: string, remoteAddress = socket.remoteAddress): void {
    this.#forget(socket)
    // What was said to it last still goes out.
    if (socket.writableEnded) socket.destroySoon()
    else socket.destroy()
    const more = this.#brake.pass()
    if (more === undefined) return
    const others = more === 0 ? '' : ` (and ${more} more before)`
    this.#parts.logger.warn(
      `A connection from ${remoteAddress} to the node port was refused: ${reason}${others}`,
    )
  }
}

class Link implements IncomingLink {
  readonly preface: Preface
  readonly #socket: Socket
  readonly #seal: (answer: LinkAnswer) => Buffer
  #isAnswered = false
  #expiry: Timer | undefined

  constructor(socket: Socket, preface: Preface, seal: (answer: LinkAnswer) => Buffer) {
    this.#socket = socket
    this.preface = preface
    this.#seal = seal
  }

  /** When this fires nobody has answered. */
  expireAt(timer: Timer): void {
    if (this.#isAnswered) timer.stop()
    else this.#expiry = timer
  }

  accept(epoch: number): Socket | undefined {
    const socket = this.#socket
    if (!this.#answer() || socket.destroyed) return undefined
    // Whoever has not been answered has nothing to say: its bytes would be of a client that is not here yet.
    if (socket.readableLength > 0) {
      socket.destroy()
      return undefined
    }
    socket.write(this.#seal({ isAccepted: true, epoch }))
    socket.setKeepAlive(true, linkLimits.keepAliveMs)
    socket.off('error', ignore)
    return socket
  }

  refuse(refusal: LinkRefusal, text: string): void {
    if (!this.#answer()) return
    this.#socket.end(this.#seal({ isAccepted: false, refusal, text }))
    this.#socket.destroySoon()
  }

  #answer(): boolean {
    this.#expiry?.stop()
    const isFirst = !this.#isAnswered
    this.#isAnswered = true
    return isFirst
  }
}

function ignore(): void {}
