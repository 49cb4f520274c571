// Which limits hold for the publishers of a broker: those of their users and virtual hosts, which
// all connections of one share, and one of each connection. They may change while connections are open.
import type { LimitValues } from '../../meta/access-rows.ts'
import {
  limitFor,
  type PublishLimit,
  type PublishRate,
  type RateContext,
  rateOf,
} from './publish-limit.ts'
import { type MeteredConnection, PublishMeter } from './publish-meter.ts'

/** Names of limits of users and virtual hosts: messages and bytes of bodies per second. */
export const publishRateNames = {
  messages: 'max-publish-rate',
  bytes: 'max-publish-bytes-rate',
} as const

/** What a publisher is known by. */
export interface Publishing {
  readonly user: string
  readonly vhost: string
}

export interface PublishRatesParts extends RateContext {
  /** Limits as they are now; undefined when there are none. */
  readonly limitsOf: Readonly<Record<keyof Publishing, (name: string) => LimitValues | undefined>>
  /** Of each connection by itself. */
  readonly ofConnection: PublishRate
}

/** A user or a virtual host with a limit, or with a connection. */
interface Scope {
  /** Kept while nobody is connected: a new connection does not pay off a debt. */
  limit: PublishLimit | undefined
  readonly meters: Set<OpenMeter>
}

type Scopes = Map<string, Scope>

export class PublishRates {
  readonly #parts: PublishRatesParts
  readonly #scopes: Readonly<Record<keyof Publishing, Scopes>> = {
    user: new Map<string, Scope>(),
    vhost: new Map<string, Scope>(),
  }

  /** How often a publisher had to wait. */
  pauseCount = 0

  constructor(parts: PublishRatesParts) {
    this.#parts = parts
  }

  /** Of a connection that may publish from now on; `close` it when it is gone. */
  open(publishing: Publishing, connection: MeteredConnection): PublishMeter {
    const scopes = (['user', 'vhost'] as const).map((kind) => this.#scopeOf(kind, publishing[kind]))
    const own = limitFor(this.#parts, this.#parts.ofConnection, undefined)
    const counted: MeteredConnection = {
      pause: () => {
        this.pauseCount++
        connection.pause()
      },
      resume: () => connection.resume(),
    }
    const meter = new OpenMeter(counted, { own, scopes, onClosed: () => this.#tidy(publishing) })
    for (const scope of scopes) scope.meters.add(meter)
    meter.refresh()
    return meter
  }

  /** The limits of a user or a virtual host may have changed. */
  refresh(kind: keyof Publishing, name: string): void {
    const scope = this.#scopes[kind].get(name)
    if (scope === undefined) return
    const rate = this.#rateOf(kind, name)
    const before = scope.limit
    scope.limit = limitFor(this.#parts, rate, before)
    if (scope.limit !== before) for (const meter of scope.meters) meter.refresh()
    this.#forgetIfIdle(kind, name)
  }

  #scopeOf(kind: keyof Publishing, name: string): Scope {
    const known = this.#scopes[kind].get(name)
    if (known !== undefined) return known
    const limit = limitFor(this.#parts, this.#rateOf(kind, name), undefined)
    const scope = { limit, meters: new Set<OpenMeter>() }
    this.#scopes[kind].set(name, scope)
    return scope
  }

  #rateOf(kind: keyof Publishing, name: string): PublishRate {
    const limits = this.#parts.limitsOf[kind](name)
    return rateOf(limits?.[publishRateNames.messages], limits?.[publishRateNames.bytes])
  }

  #tidy({ user, vhost }: Publishing): void {
    this.#forgetIfIdle('user', user)
    this.#forgetIfIdle('vhost', vhost)
  }

  #forgetIfIdle(kind: keyof Publishing, name: string): void {
    const scope = this.#scopes[kind].get(name)
    if (scope?.limit === undefined && scope?.meters.size === 0) this.#scopes[kind].delete(name)
  }
}

interface OpenMeterParts {
  readonly own: PublishLimit | undefined
  readonly scopes: readonly Scope[]
  readonly onClosed: () => void
}

class OpenMeter extends PublishMeter {
  readonly #parts: OpenMeterParts

  constructor(connection: MeteredConnection, parts: OpenMeterParts) {
    super(connection)
    this.#parts = parts
  }

  refresh(): void {
    const { own, scopes } = this.#parts
    const limits = [own, ...scopes.map(({ limit }) => limit)]
    this.setLimits(limits.filter((limit) => limit !== undefined))
  }

  override close(): void {
    super.close()
    for (const { meters } of this.#parts.scopes) meters.delete(this)
    this.#parts.onClosed()
  }
}
