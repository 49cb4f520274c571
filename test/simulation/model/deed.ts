// Something that a client asked for, and what is known of it. What belongs to one atom is one deed: a
// publish to all its queues, a transaction with everything in it.
import type { History, Violation } from './history.ts'

/**
 * sent: it may take effect at any moment. done: it took effect in this life of the broker, and a crash may
 * undo it. durable: it took effect for good. doubtful: nothing more will happen, and nobody knows whether
 * it took effect. never: it did not and will not.
 */
export type Fate = 'sent' | 'done' | 'durable' | 'doubtful' | 'never'

export class Deed {
  fate: Fate = 'sent'
  /** When the client asked for it. */
  readonly sentAt: number
  /** When it was known that nothing more happens. */
  endedAt: number = Infinity
  /** When it was known to have happened, in the life that it was sent to. */
  confirmedAt: number = Infinity
  /** Life of the broker that it was sent to. */
  epoch: number
  /** Told when nothing more happens. */
  onEnded: (() => void) | undefined
  readonly #what: string
  readonly #history: History

  constructor(what: string, history: History) {
    this.#what = what
    this.#history = history
    this.sentAt = history.next()
    this.epoch = history.epoch
  }

  get what(): string {
    return this.#what
  }

  /** Whether it may have an effect that the client does not know of. */
  get isOpen(): boolean {
    return this.fate === 'sent' || this.fate === 'doubtful'
  }

  get hasHappened(): boolean {
    return this.fate === 'done' || this.fate === 'durable'
  }

  /**
   * It is asked for again: it may take effect at any moment. False when it has. What was seen of it before may
   * have been undone, and then it comes after whatever was sent meanwhile.
   */
  reopen(): boolean {
    if (this.fate !== 'doubtful') return false
    this.fate = 'sent'
    this.endedAt = Infinity
    this.confirmedAt = Infinity
    this.epoch = this.#history.epoch
    return true
  }

  /** Its effect was seen. One that was sent to an earlier life must have been durable. */
  onSeen(why: string): void {
    if (this.epoch < this.#history.epoch) this.toDurable(why)
    else this.toDone(why)
  }

  toDone(why: string): void {
    if (this.fate === 'never') throw this.#contradict('took no effect', why)
    // Of a life that has ended since: a crash may have undone it.
    if (this.hasHappened || this.epoch < this.#history.epoch) return
    this.#end('done')
  }

  toDurable(why: string): void {
    if (this.fate === 'never') throw this.#contradict('took no effect', why)
    this.#end('durable')
  }

  toNever(why: string): void {
    if (this.hasHappened) throw this.#contradict(`was ${this.fate}`, why)
    this.#end('never')
  }

  /** Nothing more will happen, as the connection or the broker is gone. */
  toDoubtful(): void {
    if (this.fate === 'sent') this.#end('doubtful')
  }

  /** The broker has died. */
  onCrash(): void {
    if (this.fate === 'done') this.fate = 'doubtful'
    else this.toDoubtful()
  }

  /** The broker has stopped in good order, which makes everything durable. */
  onStop(): void {
    if (this.fate === 'done') this.fate = 'durable'
    else this.toDoubtful()
  }

  #end(fate: Fate): void {
    this.fate = fate
    const now = this.#history.next()
    if (this.hasHappened) this.confirmedAt = Math.min(this.confirmedAt, now)
    if (this.endedAt < Infinity) return
    this.endedAt = now
    this.onEnded?.()
  }

  #contradict(known: string, why: string): Violation {
    return this.#history.fail(`${this.#what} ${known}, and now ${why}`)
  }
}
