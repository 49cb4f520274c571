// A cluster inside the test's own process: each node has one cell, on the memory engine, listens for AMQP clients of
// all virtual hosts and for the other nodes. What nodes know of each other the test says.
import type { Directory, KnownCell, KnownNode } from '../../src/cluster/directory.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { amqpLinkHandler, serveAmqpEdge } from '../../src/node/open-amqp-edge.ts'
import { OwnerRoutes } from '../../src/node/owner-routes.ts'
import type { ProtocolServer } from '../../src/node/protocol-server.ts'
import type { ServedCell } from '../../src/node/served-cells.ts'
import type { Service } from '../../src/node/service.ts'
import type { Connection } from '../../src/server/amqp/connection.ts'
import { type Listener, openListener } from '../../src/server/listener.ts'
import { openLinkCipher } from '../../src/server/node-link/link-cipher.ts'
import { type LinkHandler, LinkListener } from '../../src/server/node-link/link-listener.ts'
import { NodeLinks } from '../../src/server/node-link/node-links.ts'
import { completeOptions } from '../../src/settings/load-config.ts'
import { BrokerInProcess } from './broker-in-process.ts'
import { notingLogger } from './noting-logger.ts'

const secret: Buffer = Buffer.alloc(32, 7)
/** No user has a limit. */
const nobodyElse = { enter: () => undefined }
const service: Service = { name: 'amqp', scheme: 'amqp', setting: 'amqpPort', isTls: false }

/** What the test says of the cluster, which every node believes. */
class Known {
  nodes: KnownNode[] = []
  cells: KnownCell[] = []
  readonly vhosts: Map<string, number> = new Map()
  readonly #listeners = new Set<() => void>()
  refreshCount = 0
  /** Somebody looks again. */
  onRefresh: () => void = () => undefined

  /** As a node sees it. */
  directoryOf(node: number): Directory {
    const nodes = (): KnownNode[] => this.seenFrom(node)
    const ownerOf = ({ owner }: KnownCell): KnownNode | undefined => owner && nodes()[owner.node]
    const cells = (): KnownCell[] => this.cells.map((cell) => ({ ...cell, owner: ownerOf(cell) }))
    return {
      clusterId: 'test',
      get self() {
        return nodes()[node] as KnownNode
      },
      get nodes() {
        return nodes()
      },
      get cells() {
        return cells()
      },
      vhosts: this.vhosts,
      onChange: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      refresh: () => {
        this.refreshCount++
        this.onRefresh()
        return Promise.resolve()
      },
    }
  }

  seenFrom(node: number): KnownNode[] {
    return this.nodes.map((each) => ({ ...each, isSelf: each.node === node }))
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

interface NodeParts extends Pick<NodeInProcess, 'broker' | 'served' | 'warnings'> {
  readonly edge: ProtocolServer
  readonly owners: OwnerRoutes
  readonly links: LinkListener
  readonly linkHandlers: { amqp: LinkHandler }
}

export class NodeInProcess implements AsyncDisposable {
  readonly broker: BrokerInProcess
  /** Cells that it serves by now. */
  readonly served: Map<number, ServedCell>
  /** What it logged at level warn. */
  readonly warnings: string[]
  readonly #edge: ProtocolServer
  readonly #owners: OwnerRoutes
  readonly #edgeListener: Listener
  readonly #links: LinkListener
  readonly #linkListener: Listener
  readonly #linkHandlers: { amqp: LinkHandler }

  private constructor(
    parts: NodeParts,
    listeners: { readonly edge: Listener; readonly link: Listener },
  ) {
    this.served = parts.served
    this.warnings = parts.warnings
    this.broker = parts.broker
    this.#edge = parts.edge
    this.#owners = parts.owners
    this.#linkHandlers = parts.linkHandlers
    this.#links = parts.links
    this.#edgeListener = listeners.edge
    this.#linkListener = listeners.link
  }

  static async start(number: number, known: Known, clock: Clock): Promise<NodeInProcess> {
    const broker = await BrokerInProcess.start()
    const served = new Map<number, ServedCell>()
    const cells = { find: (cell: number) => served.get(cell), all: () => [...served.values()] }
    const { logger, warnings } = notingLogger()
    const linkHandlers = { amqp: amqpLinkHandler(cells, logger, nobodyElse) }
    const cipher = openLinkCipher(secret, systemClock)
    const door = { secret, clock: systemClock, random: systemRandom, cipher }
    const directory = known.directoryOf(number)
    const owners = new OwnerRoutes({ directory, cells, clock, links: new NodeLinks(door) })
    const edge = serveAmqpEdge({
      users: broker.users,
      memory: broker.memory,
      admission: broker.broker.admission,
      options: completeOptions({}),
      logger,
      clock,
      cells,
      directory,
      clusterName: () => 'test',
      owners,
      atNodes: nobodyElse,
    })
    const links = new LinkListener({ ...door, logger, handlers: linkHandlers })
    const open = (onSocket: Parameters<typeof openListener>[0]['onSocket']): Promise<Listener> =>
      openListener({
        service: 'amqp',
        host: '127.0.0.1',
        port: 0,
        onSocket,
        onAcceptProblem: (reason) => warnings.push(reason),
      })
    const listeners = { edge: await open(edge.acceptorOf(service)), link: await open(links.accept) }
    return new NodeInProcess(
      { broker, served, warnings, edge, owners, links, linkHandlers },
      listeners,
    )
  }

  /** Where clients come in, whatever they want. */
  get port(): number {
    return this.#edgeListener.address.port
  }

  get linkAddress(): Listener['address'] {
    return this.#linkListener.address
  }

  /** How many of its clients others serve. */
  get passedOnCount(): number {
    return this.#owners.passedOn.get('amqp')?.() ?? 0
  }

  /** Whatever clients other nodes bring goes to the test. */
  takeLinks(handler: LinkHandler): void {
    this.#linkHandlers.amqp = handler
  }

  /** Drops all that it serves without a word, as if it had been killed. */
  cutLinks(): void {
    for (const { token } of this.broker.clients) (token as Connection).destroy()
  }

  /** Stops taking clients, and sends away those that it passes on. */
  async stopEdge(): Promise<void> {
    this.#edgeListener.close()
    await this.#edge[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopEdge()
    this.#linkListener.close()
    this.#links[Symbol.dispose]()
    await this.broker[Symbol.asyncDispose]()
  }
}

export class ClusterInProcess implements AsyncDisposable {
  readonly nodes: readonly NodeInProcess[]
  readonly known: Known

  private constructor(nodes: readonly NodeInProcess[], known: Known) {
    this.nodes = nodes
    this.known = known
  }

  /** Three nodes, each of which owns the cell with its number; cell 1 has the virtual host `/`. */
  static async start(clock: Clock = systemClock): Promise<ClusterInProcess> {
    const count = 3
    const known = new Known()
    known.vhosts.set('/', 1)
    const nodes: NodeInProcess[] = []
    for (let node = 0; node < count; node++) {
      const started = await NodeInProcess.start(node, known, clock)
      nodes.push(started)
      known.nodes.push({
        node,
        name: `node-${node}`,
        incarnation: 1,
        isSelf: false,
        isAlive: true,
        isStopped: false,
        isDraining: false,
        version: '0',
        addresses: { link: started.linkAddress },
      })
    }
    const cluster = new ClusterInProcess(nodes, known)
    for (let node = 0; node < count; node++) cluster.own(node, node, 1)
    return cluster
  }

  /** Where a client comes in whose virtual host is elsewhere. */
  get port(): number {
    return this.at(0).port
  }

  at(node: number): NodeInProcess {
    const found = this.nodes[node]
    if (found === undefined) throw new Error(`there is no node ${node}`)
    return found
  }

  /** A node owns a cell from now on, serves it, and all know. */
  own(node: number, cell: number, epoch: number): void {
    this.serve(node, cell, epoch)
    this.say(cell, node, epoch)
  }

  /** The node serves the cell from now on; each node has one broker for all of its. */
  serve(node: number, cell: number, epoch: number): void {
    const { broker, served } = this.at(node)
    served.set(cell, { cell, epoch, amqp: broker.server } as ServedCell)
  }

  /** Who owns a cell, as all know it. */
  say(cell: number, node: number | undefined, epoch: number, isDown = false): void {
    const owner = node === undefined ? undefined : this.known.nodes[node]
    this.known.cells = [
      ...this.known.cells.filter((each) => each.cell !== cell),
      { cell, epoch, owner, isDown },
    ]
    this.known.tell()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]()
  }
}
