// Kafka's protocol on a node of a cluster. Topics are kept in the cell of `/`, their partitions are led by many: a client is
// served by the node that it has come to, which asks the home for what it does not lead; a node without cells passes it on.
import type { Socket } from 'node:net'
import { userOfCertificate } from '../auth/certificate-user.ts'
import { defaultVHost } from '../broker/broker.ts'
import type { Directory } from '../cluster/directory.ts'
import type { Logger } from '../lib/logger.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import { linkLimits } from '../limits/link.ts'
import { takeOver } from '../server/byte-source.ts'
import { clientCertificateOf } from '../server/client-certificate.ts'
import { passedKafkaOf, passedKafkaToFacts } from '../server/kafka/passed-kafka.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { LastWords } from '../server/passed-on-client.ts'
import { peerFactsOf } from '../server/peer-facts.ts'
import type { EdgeParts } from './edge-parts.ts'
import { linkToCell } from './link-to-cell.ts'
import type { NodeFrame } from './node-frame.ts'
import type { OwnerRoutes } from './owner-routes.ts'
import { PassingEdge, type WaitingClient } from './passing-edge.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'
import type { Service } from './service.ts'
import { areLeadersReached } from './spread/leaders.ts'

/** What Kafka uses of a node. */
export interface KafkaEdgeParts {
  readonly frame: Pick<NodeFrame, 'clock'> & {
    readonly memory: Pick<NodeFrame['memory'], 'account'>
    readonly options: Pick<NodeFrame['options'], 'tlsClientName'>
  }
  readonly admission: Pick<EdgeParts['admission'], 'mayEnter'>
  readonly cluster: {
    readonly shared: Pick<EdgeParts['cluster']['shared'], 'vhosts'>
    readonly directory: Pick<Directory, 'nodes' | 'cells'>
  }
  readonly cells: Pick<ServedCells, 'find' | 'all'>
  readonly owners: Pick<OwnerRoutes, 'passedOn' | 'find' | 'isCurrent' | 'onChange'>
}

export function openKafkaEdge(parts: KafkaEdgeParts): ProtocolServer {
  const edge = new KafkaEdge(parts)
  return {
    acceptorOf: (service) => (accepted) => edge.accept(accepted, service),
    // Those that are served here, too, whichever node they have come to.
    async endClients(reason) {
      const here = parts.cells.all().map(({ kafka }) => kafka.endClients?.(reason))
      await Promise.all([edge.endClients(), ...here])
    },
    onFirstCell: () => edge.sendBack(),
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

class KafkaEdge implements AsyncDisposable {
  readonly #parts: KafkaEdgeParts
  readonly #passing: PassingEdge
  readonly #stopListening: () => void

  constructor(parts: KafkaEdgeParts) {
    const { clock, memory } = parts.frame
    this.#parts = parts
    // It may be known only now where other nodes are reached.
    this.#stopListening = parts.owners.onChange(() => this.sendBack())
    this.#passing = new PassingEdge({
      protocol: 'kafka',
      clock,
      memory: memory.account,
      owners: parts.owners,
      sendTimeoutMs: kafkaLimits.kafkaIdleMsMax,
      endMsMax: 0,
    })
  }

  /** Takes over an accepted socket: paused, nothing was read. */
  accept(accepted: Socket, service: Service): void {
    const { cells, admission } = this.#parts
    const served = cells.find(this.#cellNumber ?? 0) ?? this.#ownServer
    if (served !== undefined) served.kafka.acceptorOf(service)(accepted)
    else if (admission.mayEnter) void this.#passing.lead(this.#waiting(accepted, service))
    else accepted.destroy()
  }

  endClients(): Promise<void> {
    return this.#passing.endClients('')
  }

  /**
   * Ends clients that were passed on before this node could serve them: where they are they find nothing that is led
   * here. They come again.
   */
  sendBack(): void {
    if (this.#ownServer !== undefined) this.#passing.endPassedOn('')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    await this.#passing[Symbol.asyncDispose]()
  }

  /**
   * Any cell can let a client in, and serves it what this node leads. While this node opens the home, clients wait for
   * that: let in by another cell they would have to come again.
   */
  get #ownServer(): ServedCell | undefined {
    const { cells, cluster } = this.#parts
    const { directory } = cluster
    const home = directory.cells.find(({ cell }) => cell === this.#cellNumber)
    const isOpening = home?.owner?.isSelf === true && cells.find(home.cell) === undefined
    return isOpening || !areLeadersReached(directory) ? undefined : cells.all()[0]
  }

  get #cellNumber(): number | undefined {
    return this.#parts.cluster.shared.vhosts.get(defaultVHost)
  }

  #waiting(accepted: Socket, service: Service): WaitingClient {
    const { tlsClientName } = this.#parts.frame.options
    const certificate = clientCertificateOf(accepted)
    const onClosed = (): void => this.#passing.forget(accepted)
    accepted.on('error', ignore)
    accepted.once('close', onClosed)
    return {
      socket: accepted,
      facts: passedKafkaToFacts({
        isSecure: service.isTls,
        peer: peerFactsOf(accepted),
        certifiedAs: certificate && userOfCertificate(certificate, tlsClientName),
      }),
      numberOf: () => this.#cellNumber,
      adopt({ kafka }) {
        if (accepted.destroyed) return
        accepted.off('close', onClosed)
        kafka.acceptorOf(service)(accepted)
      },
      handOver: () =>
        accepted.destroyed ? undefined : { ...takeOver(accepted, true), unread: noBytes },
      words: () => noWords,
      refuse: () => accepted.destroy(),
      end: () => accepted.destroy(),
    }
  }
}

const noBytes: Buffer = Buffer.alloc(0)

/** Kafka has no word for an end: clients find out by themselves and come back. */
const noWords: LastWords = {
  tracker: { isBetweenFrames: false, hasClosed: true, follow: ignore, followToEnd: () => 0 },
  say: () => noBytes,
  waitMs: linkLimits.halfClosedMsMax,
}

function ignore(): void {}
