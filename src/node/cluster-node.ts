// A node of a cluster: it takes clients in from its start, and serves the cells that it owns at a moment. A cell that
// fails ends alone; the node ends when another process has its name.
import path from 'node:path'
import type { RouteOptions } from '../admin/routes.ts'
import { AccessControl } from '../auth/access-control.ts'
import type { Users } from '../auth/users.ts'
import { Admission } from '../broker/admission.ts'
import { defaultVHost } from '../broker/broker.ts'
import { Shortage } from '../broker/shortage.ts'
import type { Cell } from '../cell/cell.ts'
import type { CellEvents } from '../cluster/cluster-member.ts'
import { Cluster } from '../cluster/cluster.ts'
import { nodeNameOf } from '../lib/node-name.ts'
import { wait } from '../lib/wait.ts'
import { WorkGate } from '../lib/work-gate.ts'
import { clusterHttpLimits, clusterLimits } from '../limits/cluster.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import { LogError } from '../log/log-error.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import { openLinkCipher, plainLinks } from '../server/node-link/link-cipher.ts'
import { NodeLinks } from '../server/node-link/node-links.ts'
import { addressesOf } from './addresses-of.ts'
import { CellCalls } from './calls/cell-calls.ts'
import { CellServer, type CellServerParts } from './cell-server.ts'
import { ClientsAtNodes } from './clients-at-nodes.ts'
import { ClusterApi } from './cluster-api.ts'
import type { EdgeParts } from './edge-parts.ts'
import { listenerPartsOf } from './listener-parts.ts'
import type { OpenedProtocol } from './maintenance.ts'
import { loadRoutes, statusOf } from './open-http-edge.ts'
import { openLocalWith } from './open-local.ts'
import { OwnParts } from './own-parts.ts'
import { OwnerRoutes } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'
import { openServices, protocols } from './services.ts'
import type { Serving, ServingParts } from './serving.ts'
import type { SpreadParts } from './spread/cell-spread.ts'
import { leavingMs } from './spread/leaving-turn.ts'
import { LedInCells } from './spread/led-in-cells.ts'

export interface ClusterAddresses {
  /** Of PostgreSQL. */
  readonly cluster: string
  readonly objects: string
}

/** What the edges of a node have of its own. */
interface EdgeOwn {
  readonly users: Users
  readonly own: OwnParts
}

/** A cell of this node, from its claim on. */
interface OwnCell {
  readonly opening: Promise<CellServer | undefined>
  server: CellServer | undefined
  /** Somebody else has it. */
  isLost: boolean
  /** Resolves when nothing of it is left; until then its folder is in use. */
  readonly ended: PromiseWithResolvers<void>
}

export class ClusterNode implements Serving, CellEvents, ServedCells {
  readonly #parts: ServingParts
  readonly #addresses: ClusterAddresses
  readonly #control = new AccessControl()
  readonly #cells = new Map<number, OwnCell>()
  readonly #servers: ProtocolServer[] = []
  /** For cells that are being opened. */
  readonly #opens = new WorkGate(clusterLimits.opensAtOnceMax)
  #cluster: Cluster | undefined
  #edge: EdgeParts | undefined
  #own: OwnParts | undefined
  #led: LedInCells | undefined
  #cellParts: Omit<CellServerParts, 'onFailed'> | undefined

  constructor(parts: ServingParts, addresses: ClusterAddresses) {
    this.#parts = parts
    this.#addresses = addresses
  }

  get cell(): Cell | undefined {
    return this.all()[0]?.parts.cell
  }

  find(cell: number): ServedCell | undefined {
    return this.#cells.get(cell)?.server
  }

  all(): readonly CellServer[] {
    return [...this.#cells.values()]
      .flatMap(({ server }) => server ?? [])
      .toSorted((left, right) => left.cell - right.cell)
  }

  async open(): Promise<void> {
    const { frame, stack } = this.#parts
    const cluster = await this.#openCluster()
    const users = frame.createUsers(
      {
        access: this.#control,
        secret: cluster.secret,
        tokens: await frame.openTokens(),
        // A user may have been made at another node since the last heartbeat.
        lookAgain: () => cluster.directory.refresh().catch(() => undefined),
      },
      stack,
    )
    const sharedAccess = {
      control: this.#control,
      write: (changes: readonly AccessChange[]) => cluster.shared.changeAccess(changes),
    }
    stack.defer(() => frame.batchWorker.close())
    stack.defer(() => cluster.member.stop())
    this.#own = stack.use(await OwnParts.open({ frame, cluster, users, sharedAccess }))
    const spread = await this.#openEdges(cluster, { users, own: this.#own })
    this.#cellParts = { frame, cluster, users, sharedAccess, spread }
    for (const name of frame.options.vhosts) await cluster.shared.placeVHost(name)
    await this.#openLocal()
    await cluster.start(addressesOf(frame))
  }

  prepare(): void {
    for (const server of this.#servers) void server.prepare?.()
  }

  /** They end with their cells. */
  endDemo(): Promise<void> {
    return Promise.resolve()
  }

  endStreams(reason: string): void {
    for (const { parts } of this.all()) parts.streams.endAll(reason)
  }

  onOwned(cell: number, table: CellTable): void {
    const before = this.#cells.get(cell)
    const own: OwnCell = {
      opening: this.#openCell(cell, table, before?.ended.promise),
      server: undefined,
      isLost: false,
      ended: Promise.withResolvers(),
    }
    this.#cells.set(cell, own)
    void own.opening.then((server) => {
      // One that is lost meanwhile is closed first: until then its folder is in use.
      if (own.isLost) return
      if (server === undefined) this.#forget(cell, own)
      else {
        own.server = server
        if (this.all().length === 1) for (const each of this.#servers) each.onFirstCell?.()
        this.#shareMemory()
      }
    })
  }

  onLost(cell: number): void {
    const own = this.#cells.get(cell)
    if (own === undefined || own.isLost) return
    own.isLost = true
    const { server } = own
    own.server = undefined
    // One that serves is told before this returns: what is held back for its clients leaves the moment after.
    const abandoned = server?.abandon() ?? own.opening.then((opened) => opened?.abandon())
    void abandoned
      .catch((error: unknown) => this.#warn(cell, error as Error))
      .finally(() => this.#forget(cell, own))
    if (server?.leadsPartitions === true) this.#sendKafkaAway()
  }

  /** What was produced to a cell that is lost may be without an answer for good: clients ask again, and find out. */
  #sendKafkaAway(): void {
    for (const { kafka } of this.all()) kafka.sendAway()
  }

  async onRelease(cell: number): Promise<void> {
    const own = this.#cells.get(cell)
    if (own === undefined) return
    const server = await own.opening
    if (server?.kafka.hasClients === true) await this.#waitForTurn()
    // What is lost meanwhile is closed already.
    if (own.isLost) return
    own.server = undefined
    try {
      await server?.close('another node serves it from now on')
    } catch (error) {
      this.#warn(cell, error as Error)
    }
    this.#forget(cell, own)
    this.#led?.onLeft()
  }

  /** Clients of Kafka are not to lose all nodes at once. */
  async #waitForTurn(): Promise<void> {
    const { directory } = this.#cluster as Cluster
    await wait(this.#parts.frame.clock, leavingMs(directory))
  }

  async #openCluster(): Promise<Cluster> {
    const { frame, stack, fail } = this.#parts
    const { clusterCells: cells, nodeName, data } = frame.options
    const cluster = await Cluster.open(
      { ...this.#addresses, cells, nodeName, data },
      {
        clock: frame.clock,
        random: frame.random,
        logger: frame.logger.child({ area: 'cluster' }),
        cells: this,
        onLost: (error) => {
          for (const cell of this.#cells.keys()) this.onLost(cell)
          fail(error)
        },
        onAccess: (changes) => this.#onAccess(changes),
        onVHosts: () => {
          this.#own?.followVHosts()
          for (const server of this.all()) server.addVHosts()
        },
      },
    )
    this.#cluster = cluster
    frame.gate = cluster.member.gate
    frame.clients.nodeName = nodeNameOf(cluster.name)
    frame.clients.numberFrom(cluster.directory.self.node * clusterHttpLimits.idsPerNode)
    return stack.use(cluster)
  }

  async #openEdges(cluster: Cluster, { users, own }: EdgeOwn): Promise<SpreadParts> {
    const { frame, stack, lastStack } = this.#parts
    const admission = new Admission()
    const nothing = { shortage: new Shortage(frame.clock), store: { uncommittedSize: 0 } }
    stack.defer(frame.memory.guard({ admission, ...nothing }))
    const { clock, random } = frame
    const { secret } = cluster
    const cipher = frame.options.nodeEncryption ? openLinkCipher(secret, clock) : plainLinks
    const links = new NodeLinks({
      secret,
      clock,
      random,
      cipher,
      logger: frame.logger.child({ area: 'nodes' }),
    })
    const owners = new OwnerRoutes({ directory: cluster.directory, cells: this, links, clock })
    const api = lastStack.use(
      new ClusterApi({ frame, users, cluster, cells: this, own, links, owners }),
    )
    const atNodes = stack.use(this.#countAtNodes(api))
    const edge = { frame, users, admission, cluster, owners, api, atNodes, cipher }
    const parts: EdgeParts = { ...edge, cells: this }
    this.#edge = parts
    const opened: OpenedProtocol[] = []
    for (const protocol of protocols) {
      const services = openServices(protocol, frame.options)
      if (services.length === 0 || protocol.openEdge === undefined) continue
      const server = frame.webSockets.offer(protocol.services, await protocol.openEdge(parts))
      const ownStack = protocol.outlivesOthers === true ? lastStack : stack
      this.#servers.push(ownStack.use(server))
      opened.push({ server, services, stack: ownStack })
    }
    frame.maintenance.onTurned = (isOn) => this.#onMaintenance(isOn)
    await frame.maintenance.open(opened, listenerPartsOf(frame))
    const calls = new CellCalls({
      door: api.asker,
      handlersOf: (cell) => this.find(cell)?.handlers,
    })
    const led = new LedInCells(this, () => cluster.shared.vhosts.get(defaultVHost))
    this.#led = led
    return { calls, led, owners }
  }

  #countAtNodes({ asker }: ClusterApi): ClientsAtNodes {
    const { clients, clock } = this.#parts.frame
    const access = this.#control
    const atNodes = new ClientsAtNodes({ cluster: asker, access, clients, clock })
    clients.elsewhere = atNodes
    return atNodes
  }

  async #openCell(
    cell: number,
    table: CellTable,
    before: Promise<void> | undefined,
  ): Promise<CellServer | undefined> {
    const { frame } = this.#parts
    const parts = this.#cellParts
    if (parts === undefined) return undefined
    await before
    const startedAt = frame.clock.monotonic()
    try {
      const onFailed = (error: Error): void => this.#onFailed(cell, error)
      const server = await this.#opens.run(() =>
        CellServer.open({ cell, table }, { ...parts, onFailed }),
      )
      const ms = Math.round(frame.clock.monotonic() - startedAt)
      frame.logger.info(
        `${parts.cluster.name} serves cell ${cell} (epoch ${table.epoch}, ${ms} ms)`,
      )
      return server
    } catch (error) {
      this.#onFailed(cell, error as Error)
      return undefined
    }
  }

  async #openLocal(): Promise<void> {
    const { frame, stack } = this.#parts
    const { clients, logger, options, doors } = frame
    const edge = this.#edge as EdgeParts
    const folder = path.resolve(options.data)
    const { openLocalListener } = doors
    const shown = {
      source: { status: () => statusOf(edge) },
      loadRoutes: (routeOptions: RouteOptions) => loadRoutes(edge, routeOptions),
    }
    stack.use(await openLocalWith({ folder, clients, logger, openLocalListener }, shown))
  }

  #onMaintenance(isOn: boolean): void {
    for (const { parts } of this.all()) {
      if (isOn) parts.streams.endAll('the broker is put into maintenance')
      else parts.streams.reopen()
    }
  }

  /** It ends alone. Somebody else may have it, or it is damaged, or this node cannot open it. */
  #onFailed(cell: number, error: Error): void {
    const member = this.#cluster?.member
    this.#warn(cell, error)
    this.onLost(cell)
    if (error instanceof LogError && error.code === 'fenced') member?.forget(cell)
    else void member?.fail(cell)
  }

  /** What other nodes have changed. */
  #onAccess(changes: readonly AccessChange[]): void {
    for (const change of changes) {
      this.#control.apply(change)
      if (change.kind !== 'user') continue
      const user = change.op === 'put' ? change.row.name : change.name
      for (const { parts } of this.all()) parts.cell.broker.rates.refresh('user', user)
      if (change.op === 'delete') this.#sendAway(user)
    }
  }

  #sendAway(user: string): void {
    for (const client of this.#parts.frame.clients.listed()) {
      if (client.principal?.user === user) client.close(`user '${user}' is deleted`)
    }
  }

  #forget(cell: number, own: OwnCell): void {
    own.ended.resolve()
    if (this.#cells.get(cell) === own) this.#cells.delete(cell)
    this.#shareMemory()
  }

  /** What groups may hold is for the node: each cell has its part. */
  #shareMemory(): void {
    const servers = this.all()
    const size = this.#parts.frame.memory.groupsSizeMax / servers.length
    for (const { parts } of servers) parts.cell.groups.limitMemory(size)
  }

  #warn(cell: number, error: Error): void {
    this.#parts.frame.logger.error({ err: error, cell }, 'A cell is not served here any more')
  }
}
