// Publisher confirms of one channel. Publishes get tags from 1; a tag is confirmed when its ticket
// says that it is durable, in order, many with one `multiple` ack. A publish is never nacked: storage keeps
// all of them or fails as a whole.
import { BASIC_ACK } from '../../codec/amqp/methods.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Output } from './output.ts'

/** Consecutive publishes that share a commit; without one they need no waiting. */
interface Batch {
  readonly ticket: Ticket | undefined
  lastTag: number
}

export class Confirms {
  #lastTag = 0
  #confirmedTag = 0
  readonly #batches: Batch[] = []

  /**
   * Counts one publish. Returns true when its ticket was not seen before: the channel has to listen
   * to it.
   */
  track(ticket: Ticket | undefined): boolean {
    const tag = ++this.#lastTag
    const last = this.#batches.at(-1)
    if (last !== undefined && last.ticket === ticket) {
      last.lastTag = tag
      return false
    }
    this.#batches.push({ ticket, lastTag: tag })
    return ticket !== undefined
  }

  /** Writes the confirms that are due; returns how many publishes they are for. */
  write(output: Output, channel: number): number {
    let due = 0
    let deliveryTag = 0
    for (const { ticket, lastTag } of this.#batches) {
      if (ticket?.isDurable === false) break
      due++
      deliveryTag = lastTag
    }
    if (due === 0) return 0
    this.#batches.splice(0, due)
    output.writeMethod(channel, { id: BASIC_ACK, deliveryTag, multiple: true })
    const count = deliveryTag - this.#confirmedTag
    this.#confirmedTag = deliveryTag
    return count
  }
}
