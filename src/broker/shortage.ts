// What the broker is short of. Publishers wait while it is short of anything; consumers, acks and
// deletes go on, because they give space back.
import type { Clock } from '../lib/clock.ts'

/** What can be short, in the order in which clients are told of it. */
export type Resource = 'memory' | 'disk' | 'transit'

const resources: readonly Resource[] = ['memory', 'disk', 'transit']
/** In RabbitMQ's words, where it has some. */
const words = { memory: 'memory', disk: 'disk', transit: 'room for messages to other nodes' }

/** Told when publishers have to wait from now on, and when they no longer have to. */
export type ShortageListener = (isShort: boolean) => void

export class Shortage {
  readonly #clock: Pick<Clock, 'now'> | undefined
  #reason: string | undefined
  #since: number | undefined
  readonly #missing = new Set<Resource>()
  readonly #listeners = new Set<ShortageListener>()

  /** `clock` tells since when it is short. */
  constructor(clock?: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Why publishers wait, in RabbitMQ's words; undefined while they do not. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Since when they wait, in milliseconds since the Unix epoch; undefined while they do not. */
  get since(): number | undefined {
    return this.#since
  }

  isShortOf(resource: Resource): boolean {
    return this.#missing.has(resource)
  }

  /** Says whether the broker is short of a resource. */
  set(resource: Resource, isShort: boolean): void {
    if (this.#missing.has(resource) === isShort) return
    if (isShort) this.#missing.add(resource)
    else this.#missing.delete(resource)
    const missing = resources.filter((each) => this.#missing.has(each))
    const wasShort = this.#reason !== undefined
    this.#reason =
      missing.length === 0 ? undefined : `low on ${missing.map((each) => words[each]).join(' & ')}`
    if (wasShort === missing.length > 0) return
    this.#since = wasShort ? undefined : this.#clock?.now()
    for (const listener of this.#listeners) listener(!wasShort)
  }

  /** Calls back at each change until the function that is returned is called. */
  onChange(listener: ShortageListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
