// Notices clients that reach this port and then cannot reach the advertised address: they ask for
// metadata, go away, come back and ask again, and never do anything else.
import { type Address, formatAddress } from '../../lib/listen.ts'
import type { Logger } from '../../lib/logger.ts'
import { unmapped } from '../../lib/loopback.ts'
import { kafkaLimits } from '../../limits/kafka.ts'

/** One lost connection is nothing special. */
const suspiciousCount = 3

/** What one client address did so far. */
interface Client {
  metadataOnlyCount: number
  isTold: boolean
}

/** A connection that asked for metadata and nothing else. */
export interface Visit {
  readonly remoteAddress: string
  /** Where it came in. */
  readonly reached: Address
  /** Where its client was told to connect. */
  readonly advertised: Address
  /** The setting that changes that. */
  readonly setting: string
}

export interface AdvertisedWatchOptions {
  readonly logger: Logger
  /** Addresses of a host's name; none when it has none. */
  readonly resolveHost: (host: string) => Promise<readonly string[]>
}

export class AdvertisedWatch {
  readonly #options: AdvertisedWatchOptions
  /** Addresses that have only ever asked for metadata, oldest first. */
  readonly #suspects = new Map<string, Client>()

  constructor(options: AdvertisedWatchOptions) {
    this.#options = options
  }

  /** A connection did work: its client reaches the broker. */
  onWork(remoteAddress: string): void {
    this.#suspects.delete(remoteAddress)
  }

  /**
   * A connection ended that asked for metadata and nothing else. A client that came to the advertised
   * address can reach it: health checks do nothing but this. Resolves when a warning, if any, is out.
   */
  async onMetadataOnly(visit: Visit): Promise<void> {
    const { remoteAddress, reached, advertised, setting } = visit
    if (isSame(advertised, reached)) return
    const client = this.#suspects.get(remoteAddress) ?? { metadataOnlyCount: 0, isTold: false }
    client.metadataOnlyCount++
    this.#suspects.delete(remoteAddress)
    this.#suspects.set(remoteAddress, client)
    const oldest = this.#suspects.keys().next().value
    if (this.#suspects.size > kafkaLimits.watchedClientsMax && oldest !== undefined) {
      this.#suspects.delete(oldest)
    }
    if (client.metadataOnlyCount < suspiciousCount || client.isTold) return
    client.isTold = true
    if (await this.#leadsTo(advertised, reached)) return
    this.#options.logger.warn(
      `Kafka clients from ${remoteAddress} are told to connect to ${formatAddress(advertised)} and ` +
        `do not come there: set --${setting} to an address that they can reach`,
    )
  }

  /** Whether the name that is advertised stands for the address that was reached. */
  async #leadsTo({ host, port }: Address, reached: Address): Promise<boolean> {
    if (port !== reached.port) return false
    const hosts = await this.#options.resolveHost(host)
    return hosts.some((found) => isSame({ host: found, port }, reached))
  }
}

function isSame(one: Address, other: Address): boolean {
  return one.port === other.port && unmapped(one.host) === unmapped(other.host)
}
