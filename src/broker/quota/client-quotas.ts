// Kafka's quotas of clients: what was set for which users, client ids and addresses, which of it counts for whom,
// and the buckets that clients share. Kept in the log with the other settings that clients change.
//
// Of several quotas for one client the one that says most about it counts, for each kind by itself (KIP-55):
// user and client id, user and any client id, user, any user and client id, any user and any client id, any
// user, client id, any client id. Who has the same quota by name, or is one of those that a default is for,
// shares a bucket with nobody else: a default is one for each user, client id or pair, not one for all.
import type { Clock } from '../../lib/clock.ts'
import { usualAddress } from '../../lib/is-address.ts'
import { quotaLimits } from '../../limits/quota.ts'
import type { Ticket } from '../../log/ticket.ts'
import { BrokerError } from '../broker-error.ts'
import type { DynamicSettings } from '../dynamic-settings.ts'
import { TokenBucket } from '../rate/token-bucket.ts'
import { type QuotaEntity, quotaEntityKey, quotaEntityOf } from './quota-entity.ts'
import {
  clientQuotaNames,
  connectionQuotaName,
  type QuotaKind,
  type QuotaValues,
} from './quota-rules.ts'

/** A client as quotas know it. */
export interface QuotaClient {
  readonly user: string
  readonly clientId: string
}

/** Somebody who waits until a debt is paid. */
export interface QuotaWaiter {
  /** Quotas have changed: the debt may be another one now. */
  onQuotasChanged(): void
}

/** An entity with what is set for it. */
export interface QuotaEntry {
  readonly entity: QuotaEntity
  readonly values: QuotaValues
}

interface RatedBucket {
  readonly rate: number
  readonly bucket: TokenBucket
}

interface Match {
  readonly rate: number
  /** Who shares the bucket. */
  readonly party: QuotaEntity
}

const none: QuotaValues = {}
/** A hundredth of the event loop's time is so many milliseconds in each second. */
const msPerPercent = 10

export class ClientQuotas {
  /** Rises with each change: what was found for a client before does not hold any more. */
  version = 0
  /** How often clients of each kind of quota had to wait, and for how long together. */
  readonly throttled: Readonly<Record<QuotaKind, { count: number; ms: number }>> = {
    produce: { count: 0, ms: 0 },
    fetch: { count: 0, ms: 0 },
    request: { count: 0, ms: 0 },
    mutation: { count: 0, ms: 0 },
  }
  /** Connections that were closed or kept waiting because their address had too many new ones. */
  throttledConnectionCount = 0
  readonly waiting: Set<QuotaWaiter> = new Set()
  readonly #clock: Clock
  readonly #settings: DynamicSettings
  readonly #entries = new Map<string, QuotaEntry>()
  readonly #buckets = new Map<string, RatedBucket>()
  /** With so many buckets it is looked which of them are not needed. */
  #bucketsTidyAt = 1000

  constructor({ clock, settings }: { readonly clock: Clock; readonly settings: DynamicSettings }) {
    this.#clock = clock
    this.#settings = settings
  }

  /** Takes over what the settings have, after they were restored. */
  restore(): void {
    this.#entries.clear()
    for (const key of this.#settings.names('client-quota')) this.#index(key)
    this.version++
  }

  /** Everything that is set. */
  entries(): IterableIterator<QuotaEntry> {
    return this.#entries.values()
  }

  get count(): number {
    return this.#entries.size
  }

  valuesOf(entity: QuotaEntity): QuotaValues {
    return this.#entries.get(quotaEntityKey(entity))?.values ?? none
  }

  /** Replaces what an entity has; without values it has none. Throws `resource_exhausted`. */
  put(entity: QuotaEntity, values: QuotaValues): Ticket | undefined {
    const key = quotaEntityKey(entity)
    const isNew = !this.#entries.has(key)
    if (isNew && Object.keys(values).length === 0) return undefined
    if (isNew && this.#entries.size >= quotaLimits.quotaEntitiesMax) {
      const text = `There are ${quotaLimits.quotaEntitiesMax} entities with quotas already.`
      throw new BrokerError('resource_exhausted', text)
    }
    const texts = Object.entries(values).map(([name, value]) => [name, String(value)] as const)
    const ticket = this.#settings.put('client-quota', key, Object.fromEntries(texts))
    this.#index(key)
    this.version++
    for (const waiter of this.waiting) waiter.onQuotasChanged()
    return ticket
  }

  /** The bucket that a client takes from; undefined when it has no quota of this kind. */
  find(kind: QuotaKind, client: QuotaClient): TokenBucket | undefined {
    if (this.#entries.size === 0) return undefined
    const match = this.#match(clientQuotaNames[kind], client)
    if (match === undefined) return undefined
    const rate = kind === 'request' ? match.rate * msPerPercent : match.rate
    const burstMs = kind === 'mutation' ? quotaLimits.mutationBurstMs : quotaLimits.quotaBurstMs
    return this.#bucketFor(`${kind} ${quotaEntityKey(match.party)}`, { rate, burstMs })
  }

  /** The bucket for new connections from an address. */
  findForAddress(address: string): TokenBucket | undefined {
    if (this.#entries.size === 0) return undefined
    const named = this.#rateOf({ ip: address }, connectionQuotaName)
    const rate = named ?? this.#rateOf({ ip: null }, connectionQuotaName)
    if (rate === undefined) return undefined
    const key = `connection ${quotaEntityKey({ ip: address })}`
    return this.#bucketFor(key, { rate, burstMs: quotaLimits.quotaBurstMs })
  }

  /** A client has to wait for `ms`. */
  noteThrottled(kind: QuotaKind, ms: number): void {
    this.throttled[kind].count++
    this.throttled[kind].ms += ms
  }

  #match(name: string, { user, clientId }: QuotaClient): Match | undefined {
    const pair = { user, 'client-id': clientId }
    const levels: readonly (readonly [entity: QuotaEntity, party: QuotaEntity])[] = [
      [pair, pair],
      [{ user, 'client-id': null }, pair],
      [{ user }, { user }],
      [{ user: null, 'client-id': clientId }, pair],
      [{ user: null, 'client-id': null }, pair],
      [{ user: null }, { user }],
      [{ 'client-id': clientId }, { 'client-id': clientId }],
      [{ 'client-id': null }, { 'client-id': clientId }],
    ]
    for (const [entity, party] of levels) {
      const rate = this.#rateOf(entity, name)
      if (rate !== undefined) return { rate, party }
    }
    return undefined
  }

  #rateOf(entity: QuotaEntity, name: string): number | undefined {
    return this.#entries.get(quotaEntityKey(entity))?.values[name]
  }

  /** The bucket of before while its rate is the same: its debt goes on. */
  #bucketFor(
    key: string,
    { rate, burstMs }: { readonly rate: number; readonly burstMs: number },
  ): TokenBucket {
    const before = this.#buckets.get(key)
    if (before?.rate === rate) return before.bucket
    if (this.#buckets.size >= this.#bucketsTidyAt) this.#tidyBuckets()
    const bucket = new TokenBucket(this.#clock, rate, burstMs)
    this.#buckets.set(key, { rate, bucket })
    return bucket
  }

  /** Forgets buckets that are like new; if that is not enough, the oldest. Who has one of them asks again. */
  #tidyBuckets(): void {
    const { quotaBucketsMax } = quotaLimits
    for (const [key, { bucket }] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key)
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < quotaBucketsMax) break
      this.#buckets.delete(key)
    }
    this.#bucketsTidyAt = Math.min(quotaBucketsMax, Math.max(1000, this.#buckets.size * 2))
    this.version++
  }

  #index(key: string): void {
    const texts = Object.entries(this.#settings.get('client-quota', key))
    if (texts.length === 0) {
      this.#entries.delete(key)
      return
    }
    const values = Object.fromEntries(texts.map(([name, text]) => [name, Number(text)]))
    this.#entries.set(key, { entity: quotaEntityOf(key), values })
  }
}

/** The entity with its address in the form that sockets have. */
export function usualEntity(entity: QuotaEntity): QuotaEntity {
  const { ip } = entity
  return typeof ip === 'string' ? { ...entity, ip: usualAddress(ip) } : entity
}
