// Which consumer of a queue with x-single-active-consumer gets its messages: the first that came, until
// it is gone; then the one of the highest priority, and of those who came first. On a quorum queue a
// consumer of a higher priority need not wait for that: the active one gets no more, and is replaced as
// soon as all it has is settled (RabbitMQ 4.0, rabbit_fifo.erl). Those that wait stand in a line here.
import { ConsumerLine } from './consumer-line.ts'
import type { Consumer } from './consumer.ts'

/** Whose messages they are: told who may have them. */
export interface SingleActiveOwner {
  /** The consumer may be delivered to, … */
  enlist(consumer: Consumer): void
  /** … and may no more. */
  delist(consumer: Consumer): void
}

export class SingleActive {
  readonly #owner: SingleActiveOwner
  readonly #yieldsToPriority: boolean
  readonly #waiting = new ConsumerLine()
  #active: Consumer | undefined

  constructor(owner: SingleActiveOwner, options: { readonly yieldsToPriority: boolean }) {
    this.#owner = owner
    this.#yieldsToPriority = options.yieldsToPriority
  }

  add(consumer: Consumer): void {
    consumer.isActive = false
    this.#waiting.enter(consumer)
    this.#choose()
  }

  /** A consumer is gone, with or without unacked deliveries. */
  remove(consumer: Consumer): void {
    if (consumer === this.#active) {
      this.#active = undefined
      this.#owner.delist(consumer)
      consumer.isYielding = false
      consumer.isActive = false
    } else {
      this.#waiting.leave(consumer)
    }
    this.#choose()
  }

  /** Whether a consumer may be delivered to. */
  admits(consumer: Consumer): boolean {
    return consumer === this.#active && !consumer.isYielding
  }

  /** The consumer that yields has settled all it had. */
  replace(consumer: Consumer): void {
    consumer.isYielding = false
    consumer.isActive = false
    this.#active = undefined
    this.#waiting.enter(consumer)
    this.#choose()
  }

  clear(): void {
    this.#waiting.clear()
    this.#active = undefined
  }

  #choose(): void {
    const next = this.#waiting.first
    const active = this.#active
    if (active === undefined) {
      if (next !== undefined) this.#activate(next)
      return
    }
    const mustYield = this.#yieldsToPriority && (next?.priority ?? -Infinity) > active.priority
    if (mustYield === active.isYielding) return
    active.isYielding = mustYield
    if (!mustYield) {
      this.#owner.enlist(active)
      return
    }
    this.#owner.delist(active)
    if (active.unackedCount === 0) this.replace(active)
  }

  #activate(consumer: Consumer): void {
    this.#waiting.leave(consumer)
    this.#active = consumer
    consumer.isActive = true
    this.#owner.enlist(consumer)
  }
}
