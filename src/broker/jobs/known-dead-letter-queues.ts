// Queues with dead letters for those who ask often, for counts: they are looked for once in a while.
import type { Clock } from '../../lib/clock.ts'
import type { Slices } from '../../lib/slices.ts'
import { deathLimits } from '../../limits/jobs.ts'
import type { Destination } from '../destination.ts'
import type { VHost } from '../vhost.ts'
import { type DeadLetterQueue, findDeadLetterQueues } from './dead-letter-queues.ts'

interface Known {
  readonly at: number
  readonly found: Promise<readonly DeadLetterQueue[]>
}

export class KnownDeadLetterQueues {
  readonly #clock: Clock
  readonly #slices: Slices
  readonly #known = new WeakMap<VHost<Destination>, Known>()

  constructor({ clock, slices }: { readonly clock: Clock; readonly slices: Slices }) {
    this.#clock = clock
    this.#slices = slices
  }

  /** As of some seconds ago. */
  in(vhost: VHost<Destination>): Promise<readonly DeadLetterQueue[]> {
    const known = this.#known.get(vhost)
    const at = this.#clock.monotonic()
    if (known !== undefined && at - known.at < deathLimits.knownMs) return known.found
    const found = this.#slices.run(findDeadLetterQueues(vhost))
    this.#known.set(vhost, { at, found })
    return found
  }
}
