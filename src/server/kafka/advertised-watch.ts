// Notices clients that reach this port and then cannot reach the advertised address: they ask for
// metadata, go away, come back and ask again, and never do anything else.
import { type Address, formatAddress } from '../../lib/listen.ts'
import type { Logger } from '../../lib/logger.ts'
import { kafkaLimits } from '../../limits/kafka.ts'

/** One lost connection is nothing special. */
const suspiciousCount = 3

/** What one client address did so far. */
interface Client {
  metadataOnlyCount: number
  isTold: boolean
}

export class AdvertisedWatch {
  readonly #logger: Logger
  /** Addresses that have only ever asked for metadata, oldest first. */
  readonly #suspects = new Map<string, Client>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** A connection did work: its client reaches the broker. */
  onWork(remoteAddress: string): void {
    this.#suspects.delete(remoteAddress)
  }

  /** A connection ended that asked for metadata and nothing else. */
  onMetadataOnly(remoteAddress: string, advertised: Address, setting: string): void {
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
    const address = formatAddress(advertised)
    this.#logger.warn(
      `Kafka clients from ${remoteAddress} are told to connect to ${address} and do not come ` +
        `there: set --${setting} to an address that they can reach`,
    )
  }
}
