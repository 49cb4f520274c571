// Two nodes of a cluster with three cells, in one process: brokers in memory behind the nodes' real way of passing requests
// on. Links are plain sockets.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Hono } from 'hono'
import type { ManagementParts } from '../../src/admin/answers.ts'
import type { ApiVariables } from '../../src/admin/api/api.ts'
import { pathAsWritten } from '../../src/admin/api/raw-path.ts'
import { Sessions } from '../../src/admin/api/sessions.ts'
import type { Target } from '../../src/admin/api/where.ts'
import { createApiHere } from '../../src/admin/cluster/api-here.ts'
import { type ApiHere, ClusterAsker, NodeGoneError } from '../../src/admin/cluster/cluster-asker.ts'
import { type LinkHttp, serveLinkHttp } from '../../src/admin/cluster/link-http.ts'
import { NodeRequests } from '../../src/admin/cluster/node-requests.ts'
import { createManagementRoutes } from '../../src/admin/management-routes.ts'
import type { Principal } from '../../src/auth/principal.ts'
import type { Directory, KnownCell, KnownNode } from '../../src/cluster/directory.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { openManagedBroker } from './managed-broker.ts'

const origin = { rabbitVersion: '4.2.0', clusterName: 'test' }

interface Node {
  readonly number: number
  readonly own: ManagementParts
  readonly cells: Map<number, ManagementParts>
  readonly link: LinkHttp
  readonly requests: NodeRequests
  readonly asker: ClusterAsker
  readonly routes: Hono<ApiVariables>
  readonly port: Server
  isAlive: boolean
}

export interface Ask {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export class TwoNodes implements AsyncDisposable {
  /** By number. */
  readonly cells: readonly ManagementParts[]
  readonly nodes: readonly Node[]
  /** Which node has which cell. */
  readonly owners: (number | undefined)[] = [0, 0, 1]
  readonly vhosts: Map<string, number> = new Map([['/', 0]])
  /** Virtual hosts that nodes hear of when they look again. */
  readonly unheard: Map<string, number> = new Map()
  /** Requests that have come by links. */
  readonly linked: string[] = []
  readonly #listeners = new Set<() => void>()
  readonly #clock: Clock
  readonly #principal: Principal

  /** `speed`: how much faster the time of those who wait goes. */
  constructor({
    user = 'guest',
    tags = ['administrator'],
    speed = 1,
  }: Partial<Pick<Principal, 'user' | 'tags'>> & { readonly speed?: number } = {}) {
    this.#clock = fasterClock(speed)
    this.#principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags }
    this.cells = [0, 1, 2].map((cell) => ({
      ...openManagedBroker([], { hasNoDefaultVHost: cell > 0 }),
      origin,
    }))
    this.nodes = [0, 1].map((number) => this.#open(number))
    for (const [cell, owner] of this.owners.entries()) this.give(cell, owner)
  }

  /** The cell is this node's from now on, or nobody's. */
  give(cell: number, node: number | undefined): void {
    for (const each of this.nodes) each.cells.delete(cell)
    this.owners[cell] = node
    if (node !== undefined) this.nodes[node]?.cells.set(cell, this.cells[cell]!)
    this.tell()
  }

  /** A virtual host of a cell. */
  addVHost(name: string, cell: number): void {
    this.cells[cell]!.broker.vhosts.add(name)
    this.#know(name, cell)
  }

  /** What all nodes hear of. */
  tell(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }

  /** What a client of a node gets. */
  async ask(node: number, path: string, asked: Ask = {}): Promise<Response> {
    const { method = 'GET', body, headers = {}, signal } = asked
    const { routes } = this.nodes[node]!
    const app = new Hono<ApiVariables>({ getPath: pathAsWritten })
    app.route('/api', routes)
    const url = `/api${path}`
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const request = new Request(`http://localhost${url}`, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
      ...(signal && { signal }),
    })
    return app.fetch(request, { incoming: { url } })
  }

  async json(node: number, path: string, asked?: Ask): Promise<unknown> {
    return (await this.ask(node, path, asked)).json()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { requests, link, port } of this.nodes) {
      requests[Symbol.dispose]()
      await link.close()
      port.close()
    }
  }

  #know(name: string, cell: number): void {
    this.vhosts.set(name, cell)
    for (const { own } of this.nodes) own.broker.vhosts.add(name)
    this.tell()
  }

  #open(number: number): Node {
    const own: ManagementParts = { ...openManagedBroker(), origin }
    own.clients.nodeName = `rabbit@n${number}`
    const cells = new Map<number, ManagementParts>()
    const made = new WeakMap<ManagementParts, ApiHere>()
    const onFault = (error: Error): void => void process.stderr.write(`${error.stack}\n`)
    const apiOf = (parts: ManagementParts): ApiHere => {
      const api = made.get(parts) ?? createApiHere(parts, { onFault })
      made.set(parts, api)
      return api
    }
    const findHere = (target: Target): ApiHere | undefined => {
      if ('node' in target) return target.node === number ? apiOf(own) : undefined
      const parts = cells.get(target.cell)
      return parts && apiOf(parts)
    }
    const { access, clock, random } = own.broker
    const link = serveLinkHttp({
      access,
      findHere,
      onFault,
      authenticate: () => Promise.resolve(undefined),
    })
    const requests = new NodeRequests((node) => this.#connect(node))
    const asker = new ClusterAsker({
      directory: this.#directoryOf(number),
      clock: this.#clock,
      findHere,
      askNode: (node, target, asked) => {
        this.linked.push(`${asked.method} ${asked.url}`)
        return requests.ask(node, target, asked)
      },
      placeVHost: (name) => {
        this.addVHost(name, 2)
        return Promise.resolve(2)
      },
      removeVHost: (name) => {
        this.vhosts.delete(name)
        return Promise.resolve()
      },
      drain: () => Promise.resolve(),
      forget: () => Promise.resolve(true),
      reopen: () => Promise.resolve(),
    })
    const sessions = new Sessions({ access, clock, random })
    const routes = createManagementRoutes(
      { ...own, cluster: asker },
      { access, sessions, anonymousFrom: () => this.#principal, edgeOf: asker, onFault },
    )
    const port = createServer((socket) => link.accept(socket))
    return { number, own, cells, link, requests, asker, routes, port, isAlive: true }
  }

  async #connect(node: KnownNode): Promise<Socket> {
    const far = this.nodes[node.node]!
    if (!far.isAlive) throw new NodeGoneError('refused', false)
    if (!far.port.listening) {
      far.port.listen(0, '127.0.0.1')
      await once(far.port, 'listening')
    }
    const { port } = far.port.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }

  #directoryOf(self: number): Directory {
    const nodes = (): KnownNode[] =>
      [0, 1].map((node) => ({
        node,
        name: `n${node}`,
        incarnation: 1,
        isSelf: node === self,
        isAlive: this.nodes[node]?.isAlive ?? true,
        isStopped: false,
        isDraining: false,
        version: '0.1.0',
        addresses: {},
      }))
    const cells = (): KnownCell[] =>
      this.owners.map((owner, cell) => ({
        cell,
        epoch: 1,
        isDown: false,
        owner: owner === undefined ? undefined : nodes()[owner],
      }))
    const { vhosts } = this
    const listeners = this.#listeners
    return {
      clusterId: 'test',
      get self(): KnownNode {
        return nodes()[self]!
      },
      get nodes(): KnownNode[] {
        return nodes()
      },
      get cells(): KnownCell[] {
        return cells()
      },
      vhosts,
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      refresh: () => {
        for (const [name, cell] of this.unheard) this.#know(name, cell)
        this.unheard.clear()
        return Promise.resolve()
      },
    }
  }
}

/** Its time goes faster. */
function fasterClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    atEndOfTurn: (callback) => systemClock.atEndOfTurn(callback),
    after: (ms, callback) => systemClock.after(ms / factor, callback),
    every: (ms, callback) => systemClock.every(ms / factor, callback),
  }
}
