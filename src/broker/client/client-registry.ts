// All clients of a node, of every protocol: one list for whoever looks after a broker.
import type { ClientProtocol } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Client } from './client.ts'

export class ClientRegistry implements Iterable<Client> {
  readonly #clock: Clock
  readonly #clients = new Map<number, Client>()
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

  /** What a new connection is listed with. */
  register(): Pick<Client, 'id' | 'connectedAt'> {
    return { id: ++this.#lastId, connectedAt: this.#clock.now() }
  }

  /** Lists a connection until `remove`. */
  add(client: Client): void {
    this.#clients.set(client.id, client)
  }

  remove(client: Client): void {
    this.#clients.delete(client.id)
  }

  find(id: number): Client | undefined {
    return this.#clients.get(id)
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Client> {
    return this.#clients.values()
  }

  /** How many there are of each protocol. */
  counts(): Record<ClientProtocol, number> {
    const counts = { 'AMQP 0-9-1': 0, Kafka: 0, HTTP: 0 }
    for (const { protocol } of this.#clients.values()) counts[protocol]++
    return counts
  }
}
