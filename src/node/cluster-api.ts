// The HTTP API of a node of a cluster: what it answers from itself, what its cells answer, and the way to those of others.
import type { Socket } from 'node:net'
import type { ManagementParts } from '../admin/answers.ts'
import type { Target } from '../admin/api/where.ts'
import { createApiHere } from '../admin/cluster/api-here.ts'
import { type ApiHere, ClusterAsker, NodeGoneError } from '../admin/cluster/cluster-asker.ts'
import { type LinkHttp, serveLinkHttp } from '../admin/cluster/link-http.ts'
import { NodeRequests } from '../admin/cluster/node-requests.ts'
import type { Users } from '../auth/users.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KnownNode } from '../cluster/directory.ts'
import type { CommitFacts } from '../cluster/node-facts.ts'
import type { DefinitionsOrigin } from '../definitions/export-definitions.ts'
import type { MetricsSource } from '../metrics/metrics-source.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { NodeLinks } from '../server/node-link/node-links.ts'
import { answerCall } from './calls/answer-call.ts'
import { clusterMetrics } from './cluster-metrics.ts'
import { managementOf } from './management-parts.ts'
import type { NodeFrame } from './node-frame.ts'
import { authenticate } from './open-http.ts'
import type { OwnParts } from './own-parts.ts'
import type { OwnerRoutes } from './owner-routes.ts'
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
  readonly owners: OwnerRoutes
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
      drain: (node, isDraining) => cluster.tables.drain(node, isDraining),
      forget: (node) => cluster.tables.forget(node),
      reopen: (cell) => cluster.tables.reopenCell(cell),
    })
    this.management = {
      ...managementOf(parts.own.parts),
      cluster: this.asker,
      nodeFacts: () => ({ ...cluster.facts(), commits: commitsOf(parts.cells) }),
      backUp: noBackup,
      origin: this.#origin,
    }
    const { cells, own, owners } = parts
    this.metrics = clusterMetrics({ own: own.parts, cells, cluster, owners })
    this.#linkHttp = serveLinkHttp({
      access: this.management.broker.access,
      findHere: (target) => this.#findHere(target),
      onFault: this.#onFault,
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

  /** Where definitions say that they are from. */
  get #origin(): DefinitionsOrigin {
    const { frame, cluster } = this.#parts
    const { productVersion: rabbitVersion } = frame.options
    return { rabbitVersion, clusterName: cluster.directory.clusterId }
  }

  #findHere(target: Target): ApiHere | undefined {
    if ('node' in target) {
      if (target.node !== this.asker.directory.self.node) return undefined
      this.#ofNode ??= this.#openOfNode()
      return this.#ofNode
    }
    const served = this.#parts.cells.find(target.cell)
    if (served === undefined) return undefined
    const known = this.#ofCells.get(served)
    if (known !== undefined) return known
    const management = { ...managementOf(served.parts), cluster: this.asker, origin: this.#origin }
    const { gate } = this.#parts.frame
    const api = createApiHere(management, { onFault: this.#onFault, gate })
    const isServed = (): boolean => this.#parts.cells.find(served.cell) === served
    const asked = { handlers: served.handlers, gate, isServed }
    const made: ApiHere = async (request, bindings) =>
      (await answerCall(request, asked)) ?? api(request, bindings)
    this.#ofCells.set(served, made)
    return made
  }

  /** What is changed above cells may be about what another node has made a moment ago. */
  #openOfNode(): ApiHere {
    const api = createApiHere(this.management, { onFault: this.#onFault })
    const { directory } = this.asker
    return async (request, bindings) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') await directory.refresh()
      return api(request, bindings)
    }
  }

  readonly #onFault = (error: Error): void => {
    this.#parts.frame.logger.error({ err: error }, 'Unexpected error in an HTTP request')
  }

  async #openLink(node: KnownNode): Promise<Socket> {
    const { links, cluster } = this.#parts
    const { name: from } = cluster.directory.self
    const preface = { protocol: 'http', cell: noCell, from, facts: {} } as const
    const result = await links.connectTo(node, preface)
    if (result.socket === undefined) throw new NodeGoneError(result.text, false)
    return result.socket
  }
}

/** Of all cells of this node. */
function commitsOf(cells: ServedCells): CommitFacts | undefined {
  const all = Array.from(cells.all(), ({ parts }) => parts.cell.broker.store.stats)
  const [first] = all
  if (first === undefined) return undefined
  const { bounds, counts } = first.commitSeconds
  return {
    bounds,
    counts: counts.map((_, index) =>
      all.reduce((sum, { commitSeconds }) => sum + (commitSeconds.counts[index] ?? 0), 0),
    ),
    lastMs: Math.max(...all.map(({ lastCommitSeconds }) => lastCommitSeconds)) * 1000,
  }
}

const noBackup: NonNullable<ManagementParts['backUp']> = () =>
  Promise.resolve({
    problem:
      "a cluster is backed up by PostgreSQL's own means, and its objects stay for a week: see docs/cluster.md",
    isLasting: true,
  })
