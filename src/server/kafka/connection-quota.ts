// How many connections there may be (Kafka's max.connections, max.connections.per.ip and its overrides).
// Clients may change these settings; connections that are open stay so.
import type { BrokerValues } from '../../broker/topic/topic-defaults.ts'

export class ConnectionQuota {
  readonly #settings: BrokerValues
  readonly #counts = new Map<string, number>()
  #count = 0

  constructor(settings: BrokerValues) {
    this.#settings = settings
  }

  /** Why there may be no further connection from this address; undefined: it counts from now on. */
  admit(address: string): string | undefined {
    const mine = this.#counts.get(address) ?? 0
    const max = this.#limit('max.connections')
    if (this.#count >= max) return `there are ${max} already (max.connections)`
    const maxPerAddress = this.#limitOf(address)
    if (mine >= maxPerAddress) {
      return `it has the configured maximum of ${maxPerAddress} (max.connections.per.ip)`
    }
    this.#count++
    this.#counts.set(address, mine + 1)
    return undefined
  }

  /** One that was admitted is gone. */
  leave(address: string): void {
    this.#count--
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }

  #limit(setting: string): number {
    return Number(this.#settings.get(setting) ?? Infinity)
  }

  #limitOf(address: string): number {
    const overrides = this.#settings.get('max.connections.per.ip.overrides') ?? ''
    for (const item of overrides.split(',')) {
      const at = item.lastIndexOf(':')
      if (at > 0 && item.slice(0, at).trim() === address) return Number(item.slice(at + 1))
    }
    return this.#limit('max.connections.per.ip')
  }
}
