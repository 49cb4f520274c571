// Publisher confirms of one channel. Publishes get tags from 1; a tag is confirmed when its commit
// group is durable, in order, many with one `multiple` ack. A publish is never nacked: storage keeps
// all of them or fails as a whole.
import { BASIC_ACK } from '../../codec/amqp/methods.gen.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import type { Output } from './output.ts'

/** Consecutive publishes that share a commit group; without one they need no waiting. */
interface Batch {
  readonly group: CommitGroup | undefined
  lastTag: number
}

export class Confirms {
  #lastTag = 0
  readonly #batches: Batch[] = []

  /**
   * Counts one publish. Returns true when its group was not seen before: the channel has to listen
   * to it.
   */
  track(group: CommitGroup | undefined): boolean {
    const tag = ++this.#lastTag
    const last = this.#batches.at(-1)
    if (last !== undefined && last.group === group) {
      last.lastTag = tag
      return false
    }
    this.#batches.push({ group, lastTag: tag })
    return group !== undefined
  }

  /** Writes the confirms that are due. */
  write(output: Output, channel: number): void {
    let due = 0
    let deliveryTag = 0
    for (const { group, lastTag } of this.#batches) {
      if (group !== undefined && group.state !== 'finished') break
      due++
      deliveryTag = lastTag
    }
    if (due === 0) return
    this.#batches.splice(0, due)
    output.writeMethod(channel, { id: BASIC_ACK, deliveryTag, multiple: true })
  }
}
