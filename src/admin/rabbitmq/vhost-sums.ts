// What the queues, exchanges and connections of virtual hosts have counted, in sum, and how fast it changes. It
// is of those that there are now: what those counted that are gone is not in it.
import type { Destination } from '../../broker/destination.ts'
import {
  countsOfClient,
  countsOfExchange,
  countsOfQueue,
} from '../../broker/statistics/read-counts.ts'
import type { Counts, Rates } from '../../broker/statistics/sample.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { ManagementParts } from '../answers.ts'
import { listedClients } from './listed-client.ts'

type SumParts = Pick<ManagementParts, 'clients' | 'statistics'>

/** A virtual host with its sums. */
export class SummedVHost {
  readonly vhost: VHost<Destination>
  /** By the names of the counters, each of which only one kind of thing has. */
  readonly counts: Record<string, number> = {}
  readonly #rates: Record<string, number> = {}
  /** Changes per second. */
  readonly rates: Rates = { of: (name) => this.#rates[name] ?? 0 }

  constructor(vhost: VHost<Destination>) {
    this.vhost = vhost
  }

  add(counts: Counts | undefined, rates: Rates): void {
    for (const name in counts) {
      this.counts[name] = (this.counts[name] ?? 0) + counts[name]!
      this.#rates[name] = (this.#rates[name] ?? 0) + rates.of(name)
    }
  }
}

/** Others have their turn meanwhile: there may be a hundred thousand queues. */
export function* sumVHosts(
  vhosts: readonly VHost<Destination>[],
  { clients, statistics }: SumParts,
): Steps<SummedVHost[]> {
  const byName = new Map(vhosts.map((vhost) => [vhost.name, new SummedVHost(vhost)]))
  let looked = 0
  for (const sums of byName.values()) {
    for (const queue of sums.vhost.queues()) {
      sums.add(countsOfQueue(queue), statistics.ratesOf(queue))
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
    }
    for (const exchange of sums.vhost.exchanges()) {
      sums.add(countsOfExchange(exchange), statistics.ratesOf(exchange))
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
    }
  }
  for (const { client, vhost } of listedClients(clients)) {
    const sums = byName.get(vhost)
    sums?.add(countsOfClient(client), statistics.ratesOf(client))
    for (const { counters } of sums === undefined ? [] : client.channels()) {
      sums?.add({ confirmed: counters.confirmed }, statistics.ratesOf(counters))
    }
    if (++looked % adminLimits.listedAtOnceMax === 0) yield
  }
  return [...byName.values()]
}
