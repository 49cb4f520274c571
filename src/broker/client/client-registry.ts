// All clients of a node, of every protocol: one list for whoever looks after a broker.
import { type ClientProtocol, perProtocol } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import { hostNodeName } from '../../lib/node-name.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import type { ClientUsage, ClientsElsewhere, EnteringClient, UsageAsked } from './client-usage.ts'
import type { Client } from './client.ts'
import { protocolOf } from './protocol-of.ts'

/** What the clients of a protocol have done that are gone. */
interface Ended {
  readonly counters: ClientCounters
  clients: number
}

export class ClientRegistry implements Iterable<Client> {
  /** Of the node, as RabbitMQ's tools show it. */
  nodeName: string = hostNodeName
  readonly #clock: Clock
  readonly #clients = new Map<number, Client>()
  readonly #ended: Readonly<Record<ClientProtocol, Ended>> = perProtocol(() => ({
    counters: new ClientCounters(),
    clients: 0,
  }))
  /** The same by version of a protocol, where it has several. */
  readonly #endedVersions = new Map<string, Ended>()
  /** What was published and taken by requests of HTTP, which have no channel to count it on. */
  readonly ofRequests: ClientCounters = new ClientCounters()
  /** Requests of HTTP that wait for messages or hold some: listed, and no connections to be counted. */
  readonly receivers: Set<Client> = new Set()
  /** Those of other nodes, for limits that are above nodes; undefined where there are none. */
  elsewhere: ClientsElsewhere | undefined
  /** They are let in unless that would be too many, which other nodes are asked: they count there meanwhile. */
  readonly entering: Set<EnteringClient> = new Set()
  #lastId = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#clients.size
  }

  get channelCount(): number {
    let count = 0
    for (const client of this.#clients.values()) count += client.channelCount
    return count
  }

  /** Ids are above this from now on, so that those of several nodes differ. */
  numberFrom(id: number): void {
    this.#lastId = Math.max(this.#lastId, id)
  }

  /** What a new connection is listed with. */
  register(): Pick<Client, 'id' | 'connectedAt'> {
    return { id: ++this.#lastId, connectedAt: this.#clock.now() }
  }

  /** Lists a connection until `remove`. */
  add(client: Client): void {
    this.#clients.set(client.id, client)
  }

  remove(client: Client): void {
    if (!this.#clients.delete(client.id)) return
    const ended = [this.#ended[client.protocol]]
    if (client.protocolVersion !== undefined) ended.push(this.#endedVersion(protocolOf(client)))
    for (const each of ended) {
      each.counters.add(client.counters)
      each.clients++
    }
  }

  /** As `endedOf`, of clients whose `protocolOf` this is. */
  endedOfVersion(protocol: string): Readonly<Ended> | undefined {
    return this.#endedVersions.get(protocol)
  }

  /** What the clients of a protocol have done and got that are gone, and how many those are. */
  endedOf(protocol: ClientProtocol): Readonly<Ended> {
    return this.#ended[protocol]
  }

  /** What those have done and got that have gone, and requests of HTTP. */
  get ended(): ClientCounters {
    const sum = new ClientCounters()
    for (const { counters } of Object.values(this.#ended)) sum.add(counters)
    sum.add(this.ofRequests)
    return sum
  }

  /** What all clients have done and got since the start, those that have gone as well. */
  totals(): ClientCounters {
    const sum = this.ended
    for (const { counters } of this.#clients.values()) sum.add(counters)
    return sum
  }

  find(id: number): Client | undefined {
    return this.#clients.get(id)
  }

  /** All that work with messages, and can be ended. */
  *listed(): Generator<Client> {
    yield* this.#clients.values()
    yield* this.receivers
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Client> {
    return this.#clients.values()
  }

  /** What there is here of a user or in a virtual host, or of all: connections that have opened one, and channels. */
  usage({ user, vhost }: UsageAsked): ClientUsage {
    let [connections, channels] = [0, 0]
    for (const { principal, vhost: opened, channelCount } of this) {
      const isUsers = user === undefined || user === principal?.user
      if (opened === undefined || !isUsers || (vhost ?? opened) !== opened) continue
      connections++
      channels += channelCount
    }
    return { connections, channels }
  }

  #endedVersion(protocol: string): Ended {
    const known = this.#endedVersions.get(protocol)
    if (known !== undefined) return known
    const ended = { counters: new ClientCounters(), clients: 0 }
    this.#endedVersions.set(protocol, ended)
    return ended
  }

  /** How many there are of each protocol. */
  counts(): Record<ClientProtocol, number> {
    const counts = perProtocol(() => 0)
    for (const { protocol } of this.#clients.values()) counts[protocol]++
    return counts
  }
}
