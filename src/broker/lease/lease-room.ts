// How many messages and waiting requests there may be, for each user and in sum.
import { leaseLimits } from '../../limits/leases.ts'
import { LeaseRefusal } from './lease-refusal.ts'

interface Counts {
  leases: number
  waits: number
}

export class LeaseRoom {
  readonly #byUser = new Map<string, Counts>()
  readonly #sum: Counts = { leases: 0, waits: 0 }

  /** How many messages are leased. */
  get leaseCount(): number {
    return this.#sum.leases
  }

  /** Why a user may lease nothing now; undefined when it may. */
  whyFull(user: string): LeaseRefusal | undefined {
    const { perUserMax, sumMax } = leaseLimits
    if ((this.#byUser.get(user)?.leases ?? 0) >= perUserMax) {
      return new LeaseRefusal('too_many', `${perUserMax} messages are leased: settle some first`)
    }
    if (this.#sum.leases < sumMax) return undefined
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
    const own = this.#byUser.get(user) ?? { leases: 0, waits: 0 }
    own[kind] += change
    this.#sum[kind] += change
    if (own.leases === 0 && own.waits === 0) this.#byUser.delete(user)
    else this.#byUser.set(user, own)
  }
}
