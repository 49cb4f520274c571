// How many messages, waiting requests and bytes of answers there may be, for each user and in sum.
import { leaseLimits } from '../../limits/leases.ts'
import { LeaseRefusal } from './lease-refusal.ts'

export interface Counts {
  leases: number
  waits: number
  /** Bytes of payloads in answers that were not taken yet. */
  unsent: number
}

const none: Readonly<Counts> = { leases: 0, waits: 0, unsent: 0 }

export class LeaseRoom {
  readonly #byUser = new Map<string, Counts>()
  readonly #sum: Counts = { ...none }

  /** Why a user may lease nothing now; undefined when it may. */
  whyFull(user: string): LeaseRefusal | undefined {
    const { perUserMax, sumMax, unsentPerUserMax, unsentMax } = leaseLimits
    const own = this.#byUser.get(user) ?? none
    if (own.leases >= perUserMax) {
      return new LeaseRefusal('too_many', `${perUserMax} messages are leased: settle some first`)
    }
    if (own.unsent >= unsentPerUserMax) {
      return new LeaseRefusal('too_many', 'large answers are still on their way: take them first')
    }
    if (this.#sum.leases < sumMax && this.#sum.unsent < unsentMax) return undefined
    return new LeaseRefusal('busy', 'too many messages are leased by others')
  }

  /** Why no further request of a user may wait; undefined when one may. */
  whyNoWait(user: string): LeaseRefusal | undefined {
    const { waitsPerUserMax, waitsMax } = leaseLimits
    if ((this.#byUser.get(user)?.waits ?? 0) >= waitsPerUserMax) {
      return new LeaseRefusal('too_many', `${waitsPerUserMax} requests wait for messages already`)
    }
    if (this.#sum.waits < waitsMax) return undefined
    return new LeaseRefusal('busy', 'too many requests of others wait for messages')
  }

  /** `change` more, or less, of them. */
  count(user: string, kind: keyof Counts, change: number): void {
    const own = this.#byUser.get(user) ?? { ...none }
    own[kind] += change
    this.#sum[kind] += change
    if (own.leases + own.waits + own.unsent === 0) this.#byUser.delete(user)
    else this.#byUser.set(user, own)
  }
}
