// A message in a queue: who has it, and what was done to it.
import type { Deed } from './deed.ts'
import type { Message } from './message.ts'
import type { QueueLife } from './queue-life.ts'

/** A delivery that is not settled: the channel that has it. */
export interface Holder {
  readonly name: string
  /** The broker may have taken back what the channel holds: it was told to, or the channel may be gone. */
  mayHaveReleased(entry: Entry): boolean
  /** The channel is gone for certain. */
  readonly isGone: boolean
}

export class Entry {
  readonly message: Message
  readonly queue: QueueLife
  /** The message is in this queue if it is in any; undefined while that cannot be said. */
  isCertain: boolean | undefined
  deliveryCount = 0
  holder: Holder | undefined
  /** When it was learned that nobody has it any more: what was asked before says nothing of that. */
  releasedAt = 0
  /** Acks, rejects, purges: at most one of them has an effect. */
  readonly settlements: Deed[] = []
  /** It may be gone for reasons that nobody can know: it was on its way to a client that did not ack. */
  mayBeLost = false

  constructor(message: Message, queue: QueueLife) {
    this.message = message
    this.queue = queue
  }

  /** `from` has it no more, if it had it. */
  release(from: Holder, moment: number): void {
    if (this.holder !== from) return
    this.holder = undefined
    this.releasedAt = moment
  }

  /** It is done with, at least in this life of the broker. */
  get isSettled(): boolean {
    return this.settlements.some((deed) => deed.hasHappened)
  }

  /** It may be done with. */
  get mayBeSettled(): boolean {
    return this.mayBeLost || this.settlements.some((deed) => deed.fate !== 'never')
  }

  /** It must be in the queue, ready or held. */
  get mustBeThere(): boolean {
    return this.isCertain === true && this.message.deed.hasHappened && !this.mayBeSettled
  }

  /** It may be in the queue, ready or held. */
  get mayBeThere(): boolean {
    return !this.isSettled && this.message.deed.fate !== 'never' && !this.message.isReturned
  }

  toString(): string {
    const settlements = this.settlements.map(({ what, fate }) => `${what} ${fate}`).join(', ')
    const held = this.holder === undefined ? '' : `, held by ${this.holder.name}`
    const certain = this.isCertain === true ? 'certain' : 'possible'
    return `${String(this.message)} ${certain} in ${this.queue.name}${held}, ${this.deliveryCount} deliveries [${settlements}]`
  }
}
