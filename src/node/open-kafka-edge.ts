// Kafka's protocol on a node of a cluster. Topics are in the cell of `/`: a client that comes to another node than its
// owner is passed on from its first byte on, and learns from metadata where the owner is.
import type { Socket } from 'node:net'
import { userOfCertificate } from '../auth/certificate-user.ts'
import { defaultVHost } from '../broker/broker.ts'
import type { Logger } from '../lib/logger.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import { edgeLimits } from '../limits/link.ts'
import { type Incoming, takeOver } from '../server/byte-source.ts'
import { clientCertificateOf } from '../server/client-certificate.ts'
import { passedKafkaOf, passedKafkaToFacts } from '../server/kafka/passed-kafka.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import { peerFactsOf } from '../server/peer-facts.ts'
import { Relay } from '../server/relay.ts'
import { SendWatch } from '../server/send-watch.ts'
import type { EdgeParts } from './edge-parts.ts'
import { linkToCell } from './link-to-cell.ts'
import type { NodeFrame } from './node-frame.ts'
import type { LinkedRoute, OwnerRoutes } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCells } from './served-cells.ts'
import type { Service } from './service.ts'

/** What Kafka uses of a node. */
export interface KafkaEdgeParts {
  readonly frame: Pick<NodeFrame, 'clock'> & {
    readonly memory: Pick<NodeFrame['memory'], 'account'>
    readonly options: Pick<NodeFrame['options'], 'tlsClientName'>
  }
  readonly admission: Pick<EdgeParts['admission'], 'mayEnter'>
  readonly cluster: { readonly shared: Pick<EdgeParts['cluster']['shared'], 'vhosts'> }
  readonly cells: Pick<ServedCells, 'find' | 'all'>
  readonly owners: Pick<OwnerRoutes, 'passedOn' | 'find' | 'isCurrent' | 'onChange'>
}

export function openKafkaEdge(parts: KafkaEdgeParts): ProtocolServer {
  const edge = new KafkaEdge(parts)
  parts.owners.passedOn.set('kafka', () => edge.passedOnCount)
  return {
    acceptorOf: (service) => (accepted) => edge.accept(accepted, service),
    // Those that are served here, too, whichever node they have come to.
    async endClients(reason) {
      const here = parts.cells.all().map(({ kafka }) => kafka.endClients?.(reason))
      await Promise.all([edge.endClients(), ...here])
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  }
}

/** Takes the clients of Kafka that other nodes bring, for the listener of the node port. */
export function kafkaLinkHandler(cells: ServedCells, logger: Logger): LinkHandler {
  return linkToCell({ cells, logger }, (link, { kafka, epoch }) => {
    const passed = passedKafkaOf(link.preface.facts)
    const socket = link.accept(epoch)
    if (socket !== undefined) kafka.adopt(takeOver(socket), passed)
  })
}

interface PassedOn {
  readonly relay: Relay
  readonly route: LinkedRoute
}

class KafkaEdge implements AsyncDisposable {
  readonly #parts: KafkaEdgeParts
  readonly #sendWatch: SendWatch
  /** Those that wait for an owner, and those that are passed on. */
  readonly #clients = new Map<Socket, PassedOn | undefined>()
  readonly #stopListening: () => void
  #allEnded: PromiseWithResolvers<void> | undefined

  constructor(parts: KafkaEdgeParts) {
    const { clock, memory } = parts.frame
    this.#parts = parts
    this.#sendWatch = new SendWatch({
      clock,
      memory: memory.account,
      timeoutMs: kafkaLimits.kafkaIdleMsMax,
    })
    this.#stopListening = parts.owners.onChange(() => this.#endMoved())
  }

  get passedOnCount(): number {
    let count = 0
    for (const passedOn of this.#clients.values()) if (passedOn !== undefined) count++
    return count
  }

  /** Takes over an accepted socket: paused, nothing was read. */
  accept(accepted: Socket, service: Service): void {
    const { cells, cluster, admission } = this.#parts
    const served = cells.find(cluster.shared.vhosts.get(defaultVHost) ?? 0)
    if (served !== undefined) served.kafka.acceptorOf(service)(accepted)
    else if (admission.mayEnter) void this.#passOn(accepted, service)
    else accepted.destroy()
  }

  /** Kafka has no word for it: clients find out by themselves and come back. */
  async endClients(): Promise<void> {
    if (this.#clients.size === 0) return
    this.#allEnded ??= Promise.withResolvers()
    for (const [socket, passedOn] of this.#clients) {
      if (passedOn === undefined) socket.destroy()
      else passedOn.relay.destroy()
    }
    await this.#allEnded.promise
    this.#allEnded = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    return this.endClients()
  }

  async #passOn(accepted: Socket, service: Service): Promise<void> {
    const { owners, cluster, frame } = this.#parts
    accepted.on('error', ignore)
    accepted.once('close', () => this.#forget(accepted))
    this.#clients.set(accepted, undefined)
    const certificate = clientCertificateOf(accepted)
    const facts = passedKafkaToFacts({
      isSecure: service.isTls,
      peer: peerFactsOf(accepted),
      certifiedAs: certificate && userOfCertificate(certificate, frame.options.tlsClientName),
    })
    const numberOf = (): number | undefined => cluster.shared.vhosts.get(defaultVHost)
    const route = await owners.find(numberOf, { protocol: 'kafka', facts })
    if (route.kind === 'elsewhere') this.#relay(accepted, route)
    else if (route.kind !== 'here' || accepted.destroyed) accepted.destroy()
    else {
      this.#forget(accepted)
      route.served.kafka.acceptorOf(service)(accepted)
    }
  }

  #relay(accepted: Socket, route: LinkedRoute): void {
    const { socket } = route
    if (accepted.destroyed) {
      socket.on('error', ignore)
      socket.destroy()
      return
    }
    this.#forget(accepted)
    const client: Incoming = takeOver(accepted, true)
    const { clock, memory } = this.#parts.frame
    const parts = { clock, memory: memory.account, sendWatch: this.#sendWatch }
    const relay = new Relay(client, takeOver(socket, true), parts, {
      onClosed: () => this.#forget(client.socket),
    })
    this.#clients.set(client.socket, { relay, route })
  }

  /** An owner that is lost, or cut off, cannot end its clients itself, and they would wait for its answers. */
  #endMoved(): void {
    const { owners, frame } = this.#parts
    const isMoved = (each: PassedOn | undefined): each is PassedOn =>
      each !== undefined && !owners.isCurrent(each.route)
    const moved = [...this.#clients.values()].filter(isMoved)
    if (moved.length === 0) return
    frame.clock.after(edgeLimits.movedMsMax, () => {
      for (const each of moved) if (isMoved(each)) each.relay.destroy()
    })
  }

  #forget(socket: Socket): void {
    this.#clients.delete(socket)
    if (this.#clients.size === 0) this.#allEnded?.resolve()
  }
}

function ignore(): void {}
