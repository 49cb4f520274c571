// Queues with dead letters for those who ask often, for counts: they are looked for once in a while.
import type { Clock } from '../../lib/clock.ts'
import type { Slices } from '../../lib/slices.ts'
import { deathLimits } from '../../limits/jobs.ts'
import type { Destination } from '../destination.ts'
import type { DynamicSettings } from '../dynamic-settings.ts'
import type { VHost } from '../vhost.ts'
import { type DeadLetterQueue, findDeadLetterQueues } from './dead-letter-queues.ts'

interface Known {
  readonly at: number
  readonly found: Promise<readonly DeadLetterQueue[]>
}

export interface KnownDeadLetterQueuesContext {
  readonly clock: Clock
  readonly slices: Slices
  readonly settings: DynamicSettings
}

export class KnownDeadLetterQueues {
  readonly #context: KnownDeadLetterQueuesContext
  readonly #known = new WeakMap<VHost<Destination>, Known>()

  constructor(context: KnownDeadLetterQueuesContext) {
    this.#context = context
  }

  /** As of some seconds ago. */
  in(vhost: VHost<Destination>): Promise<readonly DeadLetterQueue[]> {
    const known = this.#known.get(vhost)
    const { clock, slices } = this.#context
    const at = clock.monotonic()
    if (known !== undefined && at - known.at < deathLimits.knownMs) return known.found
    const found = slices.run(findDeadLetterQueues(vhost, this.#context))
    this.#known.set(vhost, { at, found })
    return found
  }
}
