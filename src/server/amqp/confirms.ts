// Publisher confirms of one channel. Publishes get tags from 1; a tag is confirmed when its commit
// group is durable, in order, many with one `multiple` ack. What the engine refused is nacked.
import { BASIC_ACK, BASIC_NACK } from '../../codec/amqp/methods.gen.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import type { Output } from './output.ts'

/** Consecutive publishes that share a commit group; without one they need no waiting. */
interface Batch {
  readonly group: CommitGroup | undefined
  readonly firstTag: number
  lastTag: number
  /** Atom of each publish, kept only by groups whose engine may refuse atoms. */
  readonly atoms: number[] | undefined
}

export class Confirms {
  #lastTag = 0
  readonly #batches: Batch[] = []

  /** Whether publishes wait for their confirm. */
  get isPending(): boolean {
    return this.#batches.length > 0
  }

  /**
   * Counts one publish. Returns true when its group was not seen before: the channel has to listen
   * to it.
   */
  track(group: CommitGroup | undefined, atom: number): boolean {
    const tag = ++this.#lastTag
    const last = this.#batches.at(-1)
    if (last !== undefined && last.group === group) {
      last.lastTag = tag
      last.atoms?.push(atom)
      return false
    }
    const atoms = group?.trace === undefined ? undefined : [atom]
    this.#batches.push({ group, firstTag: tag, lastTag: tag, atoms })
    return group !== undefined
  }

  /** Counts one publish that the broker refused on the spot, and nacks it in its turn. */
  trackRefused(): void {
    const tag = ++this.#lastTag
    this.#batches.push({ group: refusedGroup, firstTag: tag, lastTag: tag, atoms: [0] })
  }

  /** Writes the confirms that are due. */
  write(output: Output, channel: number): void {
    let ackedThrough = 0
    while (this.#batches.length > 0) {
      const batch = this.#batches[0] as Batch
      const { group } = batch
      if (group !== undefined && group.state !== 'finished') break
      this.#batches.shift()
      if (group?.refused === undefined) {
        ackedThrough = batch.lastTag
        continue
      }
      if (ackedThrough > 0) writeAck(output, channel, ackedThrough)
      ackedThrough = 0
      writeVerdicts(output, channel, batch)
    }
    if (ackedThrough > 0) writeAck(output, channel, ackedThrough)
  }
}

const refusedGroup = { state: 'finished', refused: new Set([0]) } as unknown as CommitGroup

function writeAck(output: Output, channel: number, deliveryTag: number): void {
  output.writeMethod(channel, { id: BASIC_ACK, deliveryTag, multiple: true })
}

function writeVerdicts(output: Output, channel: number, batch: Batch): void {
  const refused = batch.group?.refused
  for (let tag = batch.firstTag; tag <= batch.lastTag; tag++) {
    const atom = batch.atoms?.[tag - batch.firstTag] ?? -1
    if (refused?.has(atom)) {
      output.writeMethod(channel, {
        id: BASIC_NACK,
        deliveryTag: tag,
        multiple: false,
        requeue: false,
      })
    } else {
      output.writeMethod(channel, { id: BASIC_ACK, deliveryTag: tag, multiple: false })
    }
  }
}
