// A protocol on a node of a cluster whose clients say in their first packet or frame which virtual host they want, and
// log in where that is served: they are passed on from their first byte.
import type { Socket } from 'node:net'
import type { Logger } from '../lib/logger.ts'
import { ArrivingClient, type FirstReader } from '../server/arriving-client.ts'
import { type Incoming, takeOver } from '../server/byte-source.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { LinkProtocol } from '../server/node-link/preface.ts'
import { adoptPassed, passedClientFacts, passedClientOf } from '../server/passed-client.ts'
import type { LastWords } from '../server/passed-on-client.ts'
import { type PeerFacts, peerFactsOf } from '../server/peer-facts.ts'
import type { EdgeParts } from './edge-parts.ts'
import { linkToCell } from './link-to-cell.ts'
import { type NoWay, PassingEdge, type WaitingClient } from './passing-edge.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** What serves a protocol's clients in a cell. */
export interface AdoptingServer {
  /**
   * Takes over a client, here or behind the socket of a link, of which nothing has been read. `place` is what the node
   * that it has come to has found for it.
   */
  adopt(incoming: Incoming, peer: PeerFacts, place: Place): void
  endClients(reason: string): Promise<void>
}

/** Where a client wants to go. Nodes tell it to each other as it is. */
export interface Place {
  readonly vhost: string
  readonly username?: string | undefined
}

export interface FirstPacketProtocol<Asked> {
  readonly protocol: Exclude<LinkProtocol, 'http'>
  readonly serverIn: (served: ServedCell) => AdoptingServer
  /** For one client. */
  readonly reader: (socket: Socket) => FirstReader<Asked>
  /** What is asked for by one that says too much. */
  readonly unclear: Asked
  /** Rejects never. */
  readonly placeOf: (asked: Asked, socket: Socket) => Place | Promise<Place>
  /** The virtual host whose server tells a client that there is none of its name. */
  readonly usualVHost: string
  readonly words: (asked: Asked) => LastWords
  /** There is no way to its virtual host. */
  readonly refusal: (why: NoWay, asked: Asked, place: Place) => Buffer
  readonly firstSizeMax: number
  readonly firstMsMax: number
  readonly sendTimeoutMs: number
  /** How long clients have when this node ends them. */
  readonly endMsMax: number
}

/** What such a protocol uses of a node. */
export interface FirstPacketEdgeParts {
  readonly admission: Pick<EdgeParts['admission'], 'mayEnter'>
  readonly cells: Pick<EdgeParts['cells'], 'find' | 'all'>
  readonly owners: Pick<EdgeParts['owners'], 'passedOn' | 'find' | 'isCurrent' | 'onChange'>
  readonly cluster: { readonly shared: Pick<EdgeParts['cluster']['shared'], 'vhosts'> }
  readonly frame: Pick<EdgeParts['frame'], 'clock'> & {
    readonly memory: Pick<EdgeParts['frame']['memory'], 'account'>
  }
}

export function serveFirstPacketEdge<Asked>(
  parts: FirstPacketEdgeParts,
  protocol: FirstPacketProtocol<Asked>,
): ProtocolServer {
  const edge = new FirstPacketEdge(parts, protocol)
  return {
    acceptorOf: () => (accepted) => edge.accept(accepted),
    // Those that are served here, too, whichever node they have come to.
    async endClients(reason) {
      const here = parts.cells.all().map((served) => protocol.serverIn(served).endClients(reason))
      await Promise.all([edge.endClients(reason), ...here])
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  }
}

/** Takes the clients that other nodes bring, for the listener of the node port. */
export function firstPacketLinkHandler(
  cells: ServedCells,
  logger: Logger,
  serverIn: (served: ServedCell) => AdoptingServer,
): LinkHandler {
  return linkToCell({ cells, logger }, (link, served) => {
    const { place } = link.preface.facts as Partial<PassedFacts>
    if (typeof place?.vhost !== 'string') throw new Error('a client without a virtual host')
    if (!served.parts.cell.broker.admission.mayEnter) {
      link.refuse('no-memory', 'memory is nearly used up')
      return
    }
    const passed = passedClientOf(link.preface.facts)
    const accepted = link.accept(served.epoch)
    if (accepted === undefined) return
    const incoming = takeOver(accepted)
    serverIn(served).adopt(incoming, adoptPassed(incoming.socket, passed), place)
    incoming.socket.resume()
  })
}

interface PassedFacts extends ReturnType<typeof passedClientFacts> {
  readonly place: Place
}

class FirstPacketEdge<Asked> implements AsyncDisposable {
  readonly #parts: FirstPacketEdgeParts
  readonly #protocol: FirstPacketProtocol<Asked>
  readonly #passing: PassingEdge
  readonly #arriving = new Set<ArrivingClient<Asked>>()

  constructor(parts: FirstPacketEdgeParts, protocol: FirstPacketProtocol<Asked>) {
    const { clock, memory } = parts.frame
    const { owners } = parts
    this.#parts = parts
    this.#protocol = protocol
    this.#passing = new PassingEdge({ ...protocol, clock, memory: memory.account, owners })
  }

  /** Takes over an accepted socket: paused, nothing was read. */
  accept(accepted: Socket): void {
    if (!this.#parts.admission.mayEnter) {
      accepted.destroy()
      return
    }
    const { clock, memory } = this.#parts.frame
    const { unclear, firstSizeMax, firstMsMax, reader } = this.#protocol
    const client = new ArrivingClient(takeOver(accepted, true), {
      clock,
      memory: memory.account,
      reader: reader(accepted),
      unclear,
      firstSizeMax,
      firstMsMax,
      onKnown: (known, asked) => void this.#lead(known, asked),
      onClosed: (closed) => this.#forget(closed),
    })
    this.#arriving.add(client)
  }

  async endClients(reason: string): Promise<void> {
    for (const client of this.#arriving) client.destroy()
    await this.#passing.endClients(reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#arriving) client.destroy()
    return this.#passing[Symbol.asyncDispose]()
  }

  async #lead(client: ArrivingClient<Asked>, asked: Asked): Promise<void> {
    const place = await this.#protocol.placeOf(asked, client.socket)
    if (this.#arriving.has(client)) await this.#passing.lead(this.#waiting(client, asked, place))
  }

  #waiting(client: ArrivingClient<Asked>, asked: Asked, place: Place): WaitingClient {
    const { serverIn, usualVHost, words, refusal } = this.#protocol
    const { vhosts } = this.#parts.cluster.shared
    const facts: PassedFacts = { ...passedClientFacts(client.socket), place }
    return {
      socket: client.socket,
      facts,
      // There may be none of this name. Whoever serves the usual one says so, to those who may know.
      numberOf: () => vhosts.get(place.vhost) ?? vhosts.get(usualVHost),
      adopt(served) {
        const released = client.handOver()
        if (released === undefined) return
        const { socket, source, unread } = released
        serverIn(served).adopt({ socket, source }, peerFactsOf(socket), place)
        source.onBytes(unread)
        socket.resume()
      },
      handOver: () => client.handOver(),
      words: () => words(asked),
      refuse: (why) => client.refuse(refusal(why, asked, place)),
      end: () => client.destroy(),
    }
  }

  #forget(client: ArrivingClient<Asked>): void {
    this.#arriving.delete(client)
    this.#passing.forget(client.socket)
  }
}
