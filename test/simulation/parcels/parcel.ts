// A message to a queue with promises about having it more than once: what its publishers were told, and what
// became of it in each queue.
import type { ParcelQueue } from './parcel-plan.ts'

/** Of a parcel in one queue. */
export interface Stay {
  /** Sent: the broker may have taken the ack. Done: it has. */
  ack: 'none' | 'sent' | 'done'
  /** How often an ack was sent. */
  ackCount: number
}

export class Parcel {
  readonly id: string
  /** Where it was published to. */
  readonly queue: ParcelQueue
  readonly size: number
  /** Of the channel that has published it, and its place among what that has; undefined once it was repeated. */
  order: { readonly publisher: string; readonly place: number } | undefined
  isConfirmed = false
  readonly #stays = new Map<string, Stay>()

  constructor(id: string, what: Pick<Parcel, 'queue' | 'size' | 'order'>) {
    this.id = id
    this.queue = what.queue
    this.size = what.size
    this.order = what.order
  }

  stayIn({ name }: ParcelQueue): Stay {
    let stay = this.#stays.get(name)
    if (stay === undefined) {
      stay = { ack: 'none', ackCount: 0 }
      this.#stays.set(name, stay)
    }
    return stay
  }

  /** A queue must have it, as far as clients know. */
  isOwedBy(queue: ParcelQueue): boolean {
    return this.isConfirmed && this.stayIn(queue).ack === 'none'
  }

  toString(): string {
    return `parcel ${this.id} to ${this.queue.name} (${this.isConfirmed ? '' : 'not '}confirmed)`
  }
}
