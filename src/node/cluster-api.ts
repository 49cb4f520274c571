// The HTTP API of a node of a cluster: what it answers from itself, what its cells answer, and the way to those of others.
import type { Duplex } from 'node:stream'
import type { ManagementParts } from '../admin/answers.ts'
import type { Target } from '../admin/api/where.ts'
import { createApiHere } from '../admin/cluster/api-here.ts'
import { type ApiHere, ClusterAsker, NodeGoneError } from '../admin/cluster/cluster-asker.ts'
import { type LinkHttp, serveLinkHttp } from '../admin/cluster/link-http.ts'
import { NodeRequests } from '../admin/cluster/node-requests.ts'
import type { Users } from '../auth/users.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KnownNode } from '../cluster/directory.ts'
import type { MetricsSource } from '../metrics/metrics-source.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { NodeLinks } from '../server/node-link/node-links.ts'
import { clusterMetrics } from './cluster-metrics.ts'
import { managementOf } from './management-parts.ts'
import type { NodeFrame } from './node-frame.ts'
import { authenticate } from './open-http.ts'
import type { OwnParts } from './own-parts.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** A preface has to name a cell; the API of a node is of none, and each request says whom it is for. */
const noCell = -1

export interface ClusterApiParts {
  readonly frame: NodeFrame
  readonly users: Users
  readonly cluster: Cluster
  /** Those that this node serves itself. */
  readonly cells: ServedCells
  readonly own: OwnParts
  readonly links: NodeLinks
}

export class ClusterApi implements AsyncDisposable {
  /** The way to all cells and nodes. */
  readonly asker: ClusterAsker
  readonly metrics: MetricsSource
  /** What this node answers from itself. */
  readonly management: ManagementParts
  readonly #parts: ClusterApiParts
  readonly #requests: NodeRequests
  readonly #linkHttp: LinkHttp
  readonly #ofCells = new WeakMap<ServedCell, ApiHere>()
  #ofNode: ApiHere | undefined

  constructor(parts: ClusterApiParts) {
    const { frame, cluster, users } = parts
    const { clock, logger } = frame
    this.#parts = parts
    this.#requests = new NodeRequests((node) => this.#openLink(node))
    const { shared, directory } = cluster
    this.asker = new ClusterAsker({
      directory,
      clock,
      findHere: (target) => this.#findHere(target),
      askNode: this.#requests.ask,
      placeVHost: (name) => shared.placeVHost(name),
      removeVHost: (name) => shared.removeVHost(name),
    })
    this.management = {
      ...managementOf(parts.own.parts),
      cluster: this.asker,
      nodeFacts: () => cluster.facts(),
      backUp: noBackup,
    }
    this.metrics = clusterMetrics({ own: parts.own.parts, cells: parts.cells, cluster })
    this.#linkHttp = serveLinkHttp({
      access: this.management.broker.access,
      findHere: (target) => this.#findHere(target),
      authenticate: (login, address) => authenticate(login, address, { users, clock, logger }),
    })
  }

  /** Takes links by which other nodes ask. */
  readonly takeLink: LinkHandler = (link) => {
    const socket = link.accept(0)
    if (socket !== undefined) this.#linkHttp.accept(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests[Symbol.dispose]()
    await this.#linkHttp.close()
  }

  #findHere(target: Target): ApiHere | undefined {
    if ('node' in target) {
      if (target.node !== this.asker.directory.self.node) return undefined
      this.#ofNode ??= createApiHere(this.management, { onFault: this.#onFault })
      return this.#ofNode
    }
    const served = this.#parts.cells.find(target.cell)
    if (served === undefined) return undefined
    const known = this.#ofCells.get(served)
    if (known !== undefined) return known
    const management = { ...managementOf(served.parts), cluster: this.asker }
    const { gate } = this.#parts.frame
    const made = createApiHere(management, { onFault: this.#onFault, gate })
    this.#ofCells.set(served, made)
    return made
  }

  readonly #onFault = (error: Error): void => {
    this.#parts.frame.logger.error({ err: error }, 'Unexpected error in an HTTP request')
  }

  async #openLink(node: KnownNode): Promise<Duplex> {
    const { links, cluster } = this.#parts
    const { name: from } = cluster.directory.self
    const preface = { protocol: 'http', cell: noCell, from, facts: {} } as const
    const result = await links.connectTo(node, preface)
    if (result.socket === undefined) throw new NodeGoneError(result.text, false)
    return result.socket
  }
}

const noBackup: NonNullable<ManagementParts['backUp']> = () =>
  Promise.resolve({
    problem:
      "a cluster is backed up by PostgreSQL's own means, and its objects stay for a week: see docs/cluster.md",
  })
