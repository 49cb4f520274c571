// A protocol on a node of a cluster whose clients say in their first packet or frame which virtual host they want, and
// log in where that is served: they are passed on from their first byte.
import type { Socket } from 'node:net'
import type { Logger } from '../lib/logger.ts'
import { ArrivingClient, type FirstReader } from '../server/arriving-client.ts'
import { type ByteSource, takeOver } from '../server/byte-source.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { LinkProtocol } from '../server/node-link/preface.ts'
import { adoptPassed, passedClientFacts, passedClientOf } from '../server/passed-client.ts'
import type { LastWords } from '../server/passed-on-client.ts'
import type { PeerFacts } from '../server/peer-facts.ts'
import type { EdgeParts } from './edge-parts.ts'
import { linkToCell } from './link-to-cell.ts'
import { type NoWay, PassingEdge, type WaitingClient } from './passing-edge.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** What serves a protocol's clients in a cell. */
export interface AdoptingServer {
  /** `peer` is who is at the other end of another node's socket. */
  accept(socket: Socket, source: ByteSource, peer?: PeerFacts): void
  endClients(reason: string): Promise<void>
}

export interface FirstPacketProtocol<Asked> {
  readonly protocol: Exclude<LinkProtocol, 'http'>
  readonly serverIn: (served: ServedCell) => AdoptingServer
  /** For one client. */
  readonly reader: (socket: Socket) => FirstReader<Asked>
  /** What is asked for by one that makes no sense. */
  readonly unclear: Asked
  readonly vhostOf: (asked: Asked) => string
  readonly words: (asked: Asked) => LastWords
  /** There is no way to its virtual host. */
  readonly refusal: (why: NoWay, asked: Asked) => Buffer
  readonly firstSizeMax: number
  readonly firstMsMax: number
  readonly sendTimeoutMs: number
  /** How long clients have when this node ends them. */
  readonly endMsMax: number
}

/** What such a protocol uses of a node. */
export type FirstPacketEdgeParts = Pick<EdgeParts, 'admission' | 'cells' | 'owners'> & {
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
    if (!served.parts.cell.broker.admission.mayEnter) {
      link.refuse('no-memory', 'memory is nearly used up')
      return
    }
    const passed = passedClientOf(link.preface.facts)
    const accepted = link.accept(served.epoch)
    if (accepted === undefined) return
    const { socket, source } = takeOver(accepted)
    serverIn(served).accept(socket, source, adoptPassed(socket, passed))
    socket.resume()
  })
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
      onKnown: (known, asked) => void this.#passing.lead(this.#waiting(known, asked)),
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

  #waiting(client: ArrivingClient<Asked>, asked: Asked): WaitingClient {
    const { serverIn, vhostOf, words, refusal, unclear } = this.#protocol
    const { vhosts } = this.#parts.cluster.shared
    const vhost = vhostOf(asked)
    return {
      socket: client.socket,
      facts: passedClientFacts(client.socket),
      // There may be none of this name. Whoever serves the usual one says so, to those who may know.
      numberOf: () => vhosts.get(vhost) ?? vhosts.get(vhostOf(unclear)),
      adopt(served) {
        const released = client.handOver()
        if (released === undefined) return
        const { socket, source, unread } = released
        serverIn(served).accept(socket, source)
        source.onBytes(unread)
        socket.resume()
      },
      handOver: () => client.handOver(),
      words: () => words(asked),
      refuse: (why) => client.refuse(refusal(why, asked)),
      end: () => client.destroy(),
    }
  }

  #forget(client: ArrivingClient<Asked>): void {
    this.#arriving.delete(client)
    this.#passing.forget(client.socket)
  }
}
