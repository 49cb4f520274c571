// What a reader of a log was shown, compared with what is known of it.
import type { BrokerModel } from './broker-model.ts'
import { bodyOf } from './message.ts'
import type { QueueLife } from './queue-life.ts'

export interface ShownRecord {
  readonly offset: number
  /** The message's name. */
  readonly id: string
  readonly value: Buffer
}

/** Everything that is in a log from one offset to another. */
export interface ShownPart {
  readonly queue: QueueLife
  readonly partition: number
  readonly from: number
  readonly end: number
  readonly records: readonly ShownRecord[]
  /** Where the log begins, as the same answer says. */
  readonly start: number
  readonly who: string
}

/** Fails when something is there that cannot be, is not there that must be, or changed its meaning. */
export function checkShown(model: BrokerModel, part: ShownPart): void {
  const { queue, partition, who, from, end } = part
  const facts = queue.logOf(partition)
  let expected = Math.max(from, part.start)
  for (const { offset, id, value } of part.records) {
    const { message } = model.find(id, queue)
    const isSame = value.equals(bodyOf(message.plan))
    if (!isSame) throw model.history.fail(`${who} was shown another ${String(message)}`)
    if ((message.plan.partition ?? partition) !== partition) {
      throw model.history.fail(`${who} was shown ${String(message)} in ${facts.name}`)
    }
    queue.entryOf(message)
    facts.onShown(message, offset, who)
    if (offset < from) continue
    checkGap(model, part, { from: expected, to: offset })
    expected = offset + 1
  }
  checkGap(model, part, { from: expected, to: end })
}

/** A stream has no gaps; what is missing of a queue must be settled. */
function checkGap(
  model: BrokerModel,
  { queue, partition, who }: ShownPart,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  if (from >= to) return
  const facts = queue.logOf(partition)
  if (queue.kind.type === 'stream' && from >= facts.trimAsked) {
    throw model.history.fail(`${who} was not shown ${facts.name} from ${from} to ${to}`)
  }
  if (queue.takers.areBlind) return
  for (let offset = Math.max(from, facts.trimAsked); offset < to; offset++) {
    const message = facts.messageAt(offset)
    const entry = message && queue.entries.get(message)
    if (entry?.mustBeThere === true) {
      throw model.history.fail(
        `${who} was not shown ${String(entry)} at ${offset} of ${facts.name}`,
      )
    }
  }
}
