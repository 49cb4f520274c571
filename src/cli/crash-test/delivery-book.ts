// What one queue's only publisher and only consumer know of its messages, numbered from 0, and what must be
// true of them after any number of kills:
//
// - What was confirmed is delivered until it is acked.
// - What was acked for certain is not delivered again. An ack is certain once the broker confirmed something
//   that was sent after it on the same channel; one that was on its way when the broker was killed is not,
//   and its message may come again.
// - In one life of the broker messages come in the order in which they were published, each once.
import { crashTestLimits } from '../../limits/crash-test.ts'

const isConfirmed = 1
const isReceived = 2
const isAcked = 4
const isCertain = 8
/** Delivered since the broker was started. */
const isOfThisLife = 16

/** What was wrong, as numbers of messages. */
export interface Verdict {
  readonly confirmed: number
  /** Confirmed, never acked, and not there any more. */
  readonly lost: readonly number[]
  readonly doubled: number
  readonly outOfOrder: number
  /** Not what was published. */
  readonly damaged: number
  /** Again after a kill, as is allowed: their ack was on its way. */
  readonly cameAgain: number
}

export class DeliveryBook {
  #states = new Uint8Array(1024)
  #published = 0
  #confirmed = 0
  #last = -1
  #doubled = 0
  #outOfOrder = 0
  #damaged = 0
  #cameAgain = 0

  /** There is room for one more. */
  get hasRoom(): boolean {
    return this.#published < crashTestLimits.messagesMax
  }

  /** The number of a message that is about to be sent. */
  publish(): number {
    if (this.#published === this.#states.length) {
      const larger = new Uint8Array(this.#states.length * 2)
      larger.set(this.#states)
      this.#states = larger
    }
    return this.#published++
  }

  confirm(number: number): void {
    this.#confirmed++
    this.#mark(number, isConfirmed)
  }

  /** The broker was started again. */
  beginLife(): void {
    this.#last = -1
    for (let number = 0; number < this.#published; number++) {
      this.#states[number] = this.#stateOf(number) & ~isOfThisLife
    }
  }

  /** A message came; `number` is undefined when it is none of those that were published. */
  receive(number: number | undefined): void {
    if (number === undefined || number >= this.#published) {
      this.#damaged++
      return
    }
    const state = this.#stateOf(number)
    if (state & (isOfThisLife | isCertain)) this.#doubled++
    else if (number < this.#last) this.#outOfOrder++
    else if (state & isReceived) this.#cameAgain++
    this.#last = Math.max(this.#last, number)
    this.#mark(number, isReceived | isOfThisLife)
  }

  /** Its ack is sent. */
  ack(number: number): void {
    this.#mark(number, isAcked)
  }

  /** The broker has handled its ack for good. */
  ackIsCertain(number: number): void {
    this.#mark(number, isCertain)
  }

  /** To be asked when the queue was emptied. */
  judge(): Verdict {
    const lost: number[] = []
    for (let number = 0; number < this.#published; number++) {
      const state = this.#stateOf(number)
      if ((state & isConfirmed) !== 0 && (state & isAcked) === 0) lost.push(number)
    }
    return {
      confirmed: this.#confirmed,
      lost,
      doubled: this.#doubled,
      outOfOrder: this.#outOfOrder,
      damaged: this.#damaged,
      cameAgain: this.#cameAgain,
    }
  }

  #stateOf(number: number): number {
    return this.#states[number] ?? 0
  }

  #mark(number: number, bits: number): void {
    this.#states[number] = this.#stateOf(number) | bits
  }
}
