// Publisher confirms of one channel. Publishes get tags from 1; a tag is confirmed when its ticket
// says that it is durable, in order, many with one `multiple` ack. A publish is nacked only when a
// queue refused it for being full: storage keeps all of them or fails as a whole.
import { BASIC_ACK, BASIC_NACK } from '../../codec/amqp/methods.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Output } from '../output.ts'
import { writeMethod } from './write-method.ts'

/** Consecutive publishes that share a commit; without one they need no waiting. */
interface Batch {
  readonly ticket: Ticket | undefined
  readonly isRefused: boolean
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
  track(ticket: Ticket | undefined, isRefused = false): boolean {
    const tag = ++this.#lastTag
    const last = this.#batches.at(-1)
    if (last !== undefined && last.ticket === ticket && last.isRefused === isRefused) {
      last.lastTag = tag
      return false
    }
    this.#batches.push({ ticket, isRefused, lastTag: tag })
    return ticket !== undefined && last?.ticket !== ticket
  }

  /** How many publishes are not confirmed yet. */
  get pendingCount(): number {
    return this.#lastTag - this.#confirmedTag
  }

  /** Writes the confirms that are due; returns how many publishes they are for. */
  write(output: Output, channel: number): number {
    let due = 0
    for (const [index, { ticket, isRefused, lastTag: deliveryTag }] of this.#batches.entries()) {
      if (ticket?.isDurable === false) break
      due++
      const next = this.#batches[index + 1]
      // What comes next says the same, and for these as well.
      if (next?.isRefused === isRefused && next.ticket?.isDurable !== false) continue
      if (isRefused) {
        writeMethod(output, channel, {
          id: BASIC_NACK,
          deliveryTag,
          multiple: true,
          requeue: false,
        })
      } else {
        writeMethod(output, channel, { id: BASIC_ACK, deliveryTag, multiple: true })
      }
    }
    const through = this.#batches[due - 1]?.lastTag ?? this.#confirmedTag
    this.#batches.splice(0, due)
    const count = through - this.#confirmedTag
    this.#confirmedTag = through
    return count
  }
}
