// When the deliveries of a channel have to be acked. Nothing is noted for a delivery: a look now and then
// notes which tags there are, so a delivery counts from the first look that saw it.
//
// As in RabbitMQ 4.2 only the oldest unacked delivery of a channel is looked at (rabbit_channel.erl,
// evaluate_consumer_timeout): another one is its turn when those before it are settled.
import type { UnackedDeliveries } from '../broker/unacked-deliveries.ts'
import { clientLimits } from '../limits/clients.ts'

/** At this time all deliveries up to this tag had been sent. */
interface Mark {
  readonly tag: number
  readonly time: number
}

export class AckDeadline {
  /** By rising tag. */
  #marks: Mark[] = []
  /** Between two marks, so that there are not too many. */
  #spacingMs = 0

  /** When the oldest unacked delivery was seen first, by the clock of `look`; undefined where there is none. */
  get oldest(): number | undefined {
    return this.#marks[0]?.time
  }

  /**
   * `lastTag` is the highest tag that was given. Returns the time that the oldest delivery had, when that
   * is over; undefined when it is not.
   */
  look(unacked: UnackedDeliveries, lastTag: number, now: number): number | undefined {
    const { first } = unacked
    if (first === undefined) {
      this.#marks.length = 0
      this.#spacingMs = 0
      return undefined
    }
    if ((this.#marks.at(-1)?.tag ?? 0) < lastTag) this.#note({ tag: lastTag, time: now })
    while ((this.#marks[0] as Mark).tag < first.tag) this.#marks.shift()
    const { ackTimeoutMs } = first.holder
    return now - (this.#marks[0] as Mark).time > ackTimeoutMs ? ackTimeoutMs : undefined
  }

  #note(mark: Mark): void {
    const marks = this.#marks
    const before = marks.at(-2)
    if (before !== undefined && mark.time - before.time < this.#spacingMs) marks.pop()
    marks.push(mark)
    if (marks.length < clientLimits.ackMarksMax) return
    // Of two marks the later one stays: nobody gets less time than was said.
    this.#marks = marks.filter((_, index) => index % 2 === 1)
    this.#spacingMs = (mark.time - (marks[0] as Mark).time) / this.#marks.length
  }
}
