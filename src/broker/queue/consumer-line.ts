// The consumers of a queue that may have room, in the order in which they are served: by priority,
// then by turns. A linked list, because consumers leave from its middle and there may be tens of
// thousands: entering costs a step per waiting consumer of a lower priority, all else is constant.
import type { Consumer } from './consumer.ts'

export class ConsumerLine {
  #first: Consumer | undefined
  #last: Consumer | undefined

  get first(): Consumer | undefined {
    return this.#first
  }

  /** Puts a consumer behind those of its priority; it must not be in a line. */
  enter(consumer: Consumer): void {
    let before = this.#last
    while (before !== undefined && before.priority < consumer.priority) before = before.previous
    const after = before === undefined ? this.#first : before.next
    consumer.isListed = true
    consumer.previous = before
    consumer.next = after
    if (before === undefined) this.#first = consumer
    else before.next = consumer
    if (after === undefined) this.#last = consumer
    else after.previous = consumer
  }

  /** Takes a consumer out; it must be in this line. */
  leave(consumer: Consumer): void {
    const { previous, next } = consumer
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    consumer.isListed = false
    consumer.previous = undefined
    consumer.next = undefined
  }

  /** The first was served: it goes behind those of its priority. */
  rotate(): void {
    const first = this.#first
    if (first === undefined || first === this.#last) return
    this.leave(first)
    this.enter(first)
  }

  clear(): void {
    while (this.#first !== undefined) this.leave(this.#first)
  }
}
