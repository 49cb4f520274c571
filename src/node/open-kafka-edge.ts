// Kafka's protocol on a node of a cluster. Topics are in the cell of `/`: a client that comes to another node than its
// owner is passed on from its first byte on, and learns from metadata where the owner is.
import type { Socket } from 'node:net'
import { userOfCertificate } from '../auth/certificate-user.ts'
import { defaultVHost } from '../broker/broker.ts'
import type { Logger } from '../lib/logger.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import { type Incoming, takeOver } from '../server/byte-source.ts'
import { clientCertificateOf } from '../server/client-certificate.ts'
import { passedKafkaOf, passedKafkaToFacts } from '../server/kafka/passed-kafka.ts'
import type { IncomingLink, LinkHandler } from '../server/node-link/link-listener.ts'
import { peerFactsOf } from '../server/peer-facts.ts'
import { Relay } from '../server/relay.ts'
import { SendWatch } from '../server/send-watch.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { LinkedRoute } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'
import type { Service } from './service.ts'

export function openKafkaEdge(parts: EdgeParts): ProtocolServer {
  const edge = new KafkaEdge(parts)
  parts.owners.passedOn.set('kafka', () => edge.passedOnCount)
  return {
    acceptorOf: (service) => (accepted) => edge.accept(accepted, service),
    endClients: () => edge.endClients(),
    [Symbol.asyncDispose]: () => edge.endClients(),
  }
}

/** Takes the clients of Kafka that other nodes bring, for the listener of the node port. */
export function kafkaLinkHandler(cells: ServedCells, logger: Logger): LinkHandler {
  return (link) => {
    const { cell, from } = link.preface
    const served = cells.find(cell)
    if (served === undefined) link.refuse('not-owner', `cell ${cell} is not served here`)
    else {
      try {
        adopt(link, served)
      } catch (error) {
        const { message } = error as Error
        logger.warn(`A Kafka client that ${from} passes on cannot be taken: ${message}`)
        link.refuse('unusable', message)
      }
    }
  }
}

/** Throws when the preface says too little of the client. */
function adopt(link: IncomingLink, { kafka, epoch }: ServedCell): void {
  const passed = passedKafkaOf(link.preface.facts)
  const socket = link.accept(epoch)
  if (socket !== undefined) kafka.adopt(takeOver(socket), passed)
}

class KafkaEdge {
  readonly #parts: EdgeParts
  readonly #sendWatch: SendWatch
  /** Those that wait for an owner, and those that are passed on. */
  readonly #clients = new Map<Socket, Relay | undefined>()
  #allEnded: PromiseWithResolvers<void> | undefined

  constructor(parts: EdgeParts) {
    const { clock, memory } = parts.frame
    this.#parts = parts
    this.#sendWatch = new SendWatch({
      clock,
      memory: memory.account,
      timeoutMs: kafkaLimits.kafkaIdleMsMax,
    })
  }

  get passedOnCount(): number {
    let count = 0
    for (const relay of this.#clients.values()) if (relay !== undefined) count++
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
    for (const [socket, relay] of this.#clients) {
      if (relay === undefined) socket.destroy()
      else relay.destroy()
    }
    await this.#allEnded.promise
    this.#allEnded = undefined
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

  #relay(accepted: Socket, { socket }: LinkedRoute): void {
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
    this.#clients.set(client.socket, relay)
  }

  #forget(socket: Socket): void {
    this.#clients.delete(socket)
    if (this.#clients.size === 0) this.#allEnded?.resolve()
  }
}

function ignore(): void {}
