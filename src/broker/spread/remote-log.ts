// The records of a partition that another cell leads, for readers of messages: read from there when somebody wants
// them, under the same offsets, and kept in memory for a moment. Nothing of them is on this cell's disk. The partition's
// log here ends where the leader's records are stable, as far as that is known.
import type { Clock } from '../../lib/clock.ts'
import type { WorkGate } from '../../lib/work-gate.ts'
import { spreadLimits } from '../../limits/spread.ts'
import { cursorsOf } from '../../log/log-cursor.ts'
import type { LogOrigin } from '../../log/log-origin.ts'
import type { Log } from '../../log/log.ts'
import { fromPortable } from '../../log/portable-runs.ts'
import type { Run } from '../../log/run.ts'
import { BrokerError } from '../broker-error.ts'
import type { Partition } from '../topic/partition.ts'
import type { PartitionFacts, RemotePartition } from '../topic/remote-partition.ts'
import type { CellLine } from './cell-line.ts'
import type { FoundStretch, KeptRuns } from './kept-runs.ts'
import type { ReadArgs, ReadResult } from './record-calls.ts'

export interface RemoteLogContext {
  readonly clock: Clock
  readonly kept: KeptRuns
  readonly line: CellLine
  /** For reads from that cell. */
  readonly gate: WorkGate
  /** Somebody waits for records of it. */
  onWanted(remote: RemoteLog): void
  /** Resolves when `remote` has been told where it ends. */
  refresh(remote: RemoteLog, msMax: number | undefined): Promise<void>
}

export interface RemotePlace {
  readonly topicId: string
  readonly number: number
  readonly partition: Partition
  readonly remote: RemotePartition
}

/** Those who wait for the same records. */
type Waiting = PromiseWithResolvers<FoundStretch>[]

export class RemoteLog implements LogOrigin {
  readonly topicId: string
  readonly number: number
  readonly remote: RemotePartition
  readonly log: Log
  /** When somebody wanted what comes last, by the monotonic clock. */
  wantedAt: number = Number.NEGATIVE_INFINITY
  readonly #partition: Partition
  readonly #context: RemoteLogContext
  /** What is being read now, by offset. */
  readonly #reading = new Map<number, Waiting>()

  constructor({ topicId, number, partition, remote }: RemotePlace, context: RemoteLogContext) {
    this.topicId = topicId
    this.number = number
    this.remote = remote
    this.log = partition.log
    this.#partition = partition
    this.#context = context
    this.log.origin = this
  }

  get size(): number {
    return this.remote.facts.size
  }

  /** Nobody reads it any more. */
  get isGone(): boolean {
    return this.log.isDeleted || this.#partition.isGone
  }

  /** Somebody waits for what comes, or did so lately. */
  get isWanted(): boolean {
    if (this.isGone) return false
    const { clock } = this.#context
    const isWaited = this.#partition.isListenedTo || this.log.lookers !== undefined
    return isWaited || clock.monotonic() - this.wantedAt < spreadLimits.wantedMs
  }

  /** From where on queues have not acked all; undefined when it is no queue's source. */
  get neededFrom(): number | undefined {
    const { log, cursor } = this.#partition
    const floors = cursorsOf(log).flatMap((each) => (each === cursor ? [] : each.floor))
    return floors.length === 0 ? undefined : Math.min(...floors)
  }

  onWanted(): void {
    this.wantedAt = this.#context.clock.monotonic()
    this.#context.onWanted(this)
  }

  /**
   * The leader says where it ends. What readers are not to have (`hidden`) is acked before queues count it; so the log
   * ends there by no other word.
   */
  learn(facts: PartitionFacts, hidden: readonly (readonly [number, number])[]): void {
    this.remote.facts = facts
    // What comes late says nothing.
    if (this.remote.facts !== facts || this.isGone) return
    for (const cursor of cursorsOf(this.log)) {
      if (cursor === this.#partition.cursor) continue
      for (const [first, last] of hidden) cursor.ackRange(first, last)
    }
    const { stableOffset } = facts
    if (stableOffset === this.log.endOffset) return
    if (stableOffset < this.log.endOffset) this.close()
    this.log.endAt(stableOffset)
  }

  refresh(msMax?: number): Promise<void> {
    return orUnavailable(this, () => this.#context.refresh(this, msMax))
  }

  readRuns(
    offset: number,
    sizeMax: number,
    isStrict: boolean,
  ): readonly Run[] | Promise<readonly Run[]> {
    const found = this.#findKept(offset, sizeMax)
    if (found.runs.length > 0 || found.end >= this.log.endOffset) {
      return fitting(found.runs, sizeMax, isStrict)
    }
    return this.#readFrom(found.end, sizeMax).then((runs) => fitting(runs, sizeMax, isStrict))
  }

  async findRunByTimestamp(timestamp: number, offset: number): Promise<Run | undefined> {
    const { runs } = await this.#ask({ offset, timestamp })
    const [run] = runs
    for (const other of runs.slice(1)) other.release()
    return run
  }

  /** Forgets what is kept. */
  close(): void {
    this.#context.kept.forget(this)
  }

  /** What is in memory from `offset` on; without runs, nothing is there up to `end`. */
  #findKept(offset: number, sizeMax: number): FoundStretch {
    let at = offset
    while (at < this.log.endOffset) {
      const found = this.#context.kept.find(this, at, sizeMax)
      if (found === undefined) return { runs: [], end: at }
      if (found.runs.length > 0) return found
      at = found.end
    }
    return { runs: [], end: at }
  }

  async #readFrom(offset: number, sizeMax: number): Promise<readonly Run[]> {
    let at = offset
    for (;;) {
      const { runs, end } = await this.#read(at)
      // Others who want it may have room for less.
      if (runs.length > 0) return cut(runs, sizeMax)
      // A leader that has just begun may not be as far as the one before it told.
      if (end <= at) await this.#pause()
      at = Math.max(at, end)
      const found = this.#findKept(at, sizeMax)
      if (found.runs.length > 0 || found.end >= this.log.endOffset) return found.runs
      at = found.end
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#context
    return new Promise((resolve) => clock.after(spreadLimits.retryMsMin, resolve))
  }

  /** One call serves all who want the same. */
  #read(offset: number): Promise<FoundStretch> {
    const own = Promise.withResolvers<FoundStretch>()
    const others = this.#reading.get(offset)
    if (others !== undefined) others.push(own)
    else {
      const waiting = [own]
      this.#reading.set(offset, waiting)
      void this.#readFor(offset, waiting)
    }
    return own.promise
  }

  async #readFor(offset: number, waiting: Waiting): Promise<void> {
    try {
      const found = await this.#ask({ offset })
      this.#reading.delete(offset)
      const { runs } = found
      this.#context.kept.add(this, offset, found.end, runs)
      for (const { resolve } of waiting) {
        for (const run of runs) run.retain()
        resolve(found)
      }
      for (const run of runs) run.release()
    } catch (error) {
      this.#reading.delete(offset)
      for (const { reject } of waiting) reject(error)
    }
  }

  /** Runs are retained for the caller. */
  async #ask(asked: Pick<ReadArgs, 'offset' | 'timestamp'>): Promise<FoundStretch> {
    const { line, gate } = this.#context
    const { topicId, number } = this
    const args = { topicId, number, ...asked, sizeMax: spreadLimits.readSizeMax }
    const { result, runs } = await orUnavailable(this, () =>
      gate.run(() =>
        line.ask(
          async (calls) => {
            const answer = await calls.read(line.cell, args)
            return { result: answer.result, runs: fromPortable(answer.body) }
          },
          () => this.isGone,
          spreadLimits.readMs,
        ),
      ),
    )
    return this.#take(result, runs)
  }

  /** Without what is behind the end of the log here: an answer of an earlier leader may have come since. */
  #take({ facts, next }: ReadResult, found: readonly Run[]): FoundStretch {
    this.remote.facts = facts
    const { endOffset } = this.log
    const runs = found.filter(({ lastOffset }) => lastOffset < endOffset)
    for (const run of found.slice(runs.length)) run.release()
    return { runs, end: runs.length < found.length ? endOffset : Math.min(next, endOffset) }
  }
}

/** Rejects with `unavailable` when the leader has not answered for long. */
async function orUnavailable<T>(
  { number, remote, isGone }: RemoteLog,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const text = isGone
      ? 'the topic was deleted'
      : `cell ${remote.cell}, which leads partition ${number}, does not answer: try again later`
    throw new BrokerError('unavailable', text, { cause: error })
  }
}

function fitting(runs: readonly Run[], sizeMax: number, isStrict: boolean): readonly Run[] {
  const [first] = runs
  if (!isStrict || first === undefined || first.size <= sizeMax) return runs
  for (const run of runs) run.release()
  return []
}

/** As many as fit, and at least one; the others are released. */
function cut(runs: readonly Run[], sizeMax: number): readonly Run[] {
  let size = 0
  const end = runs.findIndex((run, index) => {
    size += run.size
    return index > 0 && size > sizeMax
  })
  if (end < 0) return runs
  for (const run of runs.slice(end)) run.release()
  return runs.slice(0, end)
}
