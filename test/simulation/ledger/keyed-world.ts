// A compacted topic as its clients know it: what was written for each key, in which order, and which of that may be
// the latest. Each key has one writer, which waits for an answer before it writes the next.
import type { World } from '../world.ts'
import type { KeyedPlan } from './ledger-plan.ts'

export const keyedTopic = 'ledger-keyed'

/** One record of a key. */
export interface KeyedWrite {
  readonly key: string
  /** Null: a tombstone. */
  readonly value: string | null
  /** Among those of its key. */
  readonly number: number
  /** The broker has said that it has it; else it may have it or not. */
  isAcked: boolean
}

export interface KeyedRecord {
  readonly offset: number
  readonly key: string
  readonly value: string | null
}

export class KeyedWorld {
  readonly world: World
  readonly plan: KeyedPlan
  readonly #writes = new Map<string, KeyedWrite[]>()
  readonly #byOffset = new Map<number, KeyedWrite>()

  constructor(world: World, plan: KeyedPlan) {
    this.world = world
    this.plan = plan
  }

  get keys(): IterableIterator<string> {
    return this.#writes.keys()
  }

  write(key: string, isTombstone: boolean): KeyedWrite {
    const writes = this.#writes.get(key) ?? []
    this.#writes.set(key, writes)
    const number = writes.length
    const write = { key, number, value: isTombstone ? null : `${key} ${number}`, isAcked: false }
    writes.push(write)
    return write
  }

  onAcked(write: KeyedWrite, offset: number): void {
    write.isAcked = true
    const other = this.#byOffset.get(offset)
    if (other !== undefined && other !== write) {
      throw this.fail(
        `${offset} is '${other.key}' ${other.number} and '${write.key}' ${write.number}`,
      )
    }
    this.#byOffset.set(offset, write)
  }

  /** Checks a record by itself: somebody wrote it, and where it was answered. */
  onShown({ offset, key, value }: KeyedRecord, who: string): void {
    const known = this.#byOffset.get(offset)
    const isKnown = known === undefined || (known.key === key && known.value === value)
    const isWritten = this.#writes.get(key)?.some((write) => write.value === value) === true
    if (isKnown && isWritten) return
    const text = known === undefined ? 'nothing' : `'${known.key}'='${known.value}'`
    throw this.fail(`${who} is shown '${key}'='${value}' at ${offset}, where ${text} was written`)
  }

  /** By key: the number of the last write that was answered by now. */
  latest(): Map<string, number> {
    const latest = new Map<string, number>()
    for (const [key, writes] of this.#writes) {
      const last = writes.findLast(({ isAcked }) => isAcked)
      if (last !== undefined) latest.set(key, last.number)
    }
    return latest
  }

  /**
   * What is wrong when somebody who read all of it was shown `record` last of its key, or nothing of it, while `atLeast`
   * was written before. Tombstones go in time, and who takes longer may miss one after what it stands for.
   */
  judge(
    { key, atLeast, isAtOnce }: { key: string; atLeast: number; isAtOnce: boolean },
    record: KeyedRecord | undefined,
  ): string | undefined {
    const writes = this.#writes.get(key) ?? []
    const mayBeGone = writes.some(({ number, value }) => number >= atLeast && value === null)
    if (record === undefined || record.value === null) {
      return mayBeGone ? undefined : `nothing of '${key}', though ${atLeast} was written`
    }
    const number = Number(record.value.slice(key.length + 1))
    if (number >= atLeast || (mayBeGone && !isAtOnce)) return undefined
    return `'${record.value}' is the last of '${key}', though ${atLeast} was written`
  }

  fail(what: string): Error {
    return this.world.history.fail(what)
  }
}
