// The transactions of one partition: which are open, and which were aborted. Made for the first of them, as
// most partitions have none.
import { readInt64 } from '../../lib/int64.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import type { Run } from '../../log/run.ts'
import { batchField, isTransactionalBatch } from '../../record/batch/batch-header.ts'
import { AbortedTransactions } from './aborted-transactions.ts'

/** Offsets first … last. */
export interface OffsetRange {
  readonly first: number
  last: number
}

/** What a producer has written and not ended yet. */
export interface OpenTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** When it began here, milliseconds since the Unix epoch. */
  readonly startedMs: number
  /** Where its records are; undefined when there were too many ranges, or an earlier process wrote some. */
  ranges: OffsetRange[] | undefined
  count: number
  /** Bytes of their values. */
  size: number
}

/** What of a batch counts. */
export interface AppendedBatch {
  readonly first: number
  readonly last: number
  readonly size: number
}

export class PartitionTransactions {
  readonly aborted: AbortedTransactions
  /** By producer id, in the order of their first offsets. */
  readonly #open = new Map<number, OpenTransaction>()

  constructor(logId: number) {
    this.aborted = new AbortedTransactions(logId)
  }

  get openCount(): number {
    return this.#open.size
  }

  /** From here on records are not stable; Infinity when all are. */
  get firstUnstable(): number {
    for (const { firstOffset } of this.#open.values()) return firstOffset
    return Infinity
  }

  find(producerId: number): OpenTransaction | undefined {
    return this.#open.get(producerId)
  }

  open(): IterableIterator<OpenTransaction> {
    return this.#open.values()
  }

  /** Whether what a run has is of a transaction that was aborted. */
  isAborted(run: Run): boolean {
    if (this.aborted.count === 0 || !run.isForeign) return false
    const batch = run.bytes()
    if (!isTransactionalBatch(batch)) return false
    return this.aborted.isAborted(readInt64(batch, batchField.producerId), run.baseOffset)
  }

  /** A batch of a transaction, which begins with it or goes on. */
  add(producerId: number, { first, last, size }: AppendedBatch, nowMs: number): void {
    const open = this.#open.get(producerId)
    if (open === undefined) {
      const ranges = [{ first, last }]
      const count = last - first + 1
      const begun = { producerId, firstOffset: first, startedMs: nowMs, ranges, count, size }
      this.#open.set(producerId, begun)
      return
    }
    open.count += last - first + 1
    open.size += size
    const latest = open.ranges?.at(-1)
    if (latest === undefined) return
    if (latest.last + 1 === first) latest.last = last
    else if (open.ranges!.length < transactionLimits.rangesMax) open.ranges!.push({ first, last })
    else open.ranges = undefined
  }

  /** Puts back one that an earlier process left open. In any order. */
  restore(
    known: Pick<OpenTransaction, 'producerId' | 'firstOffset' | 'startedMs' | 'ranges'>,
  ): void {
    const restored = { ...known, count: 0, size: 0 }
    const all = [...this.#open.values(), restored]
    this.#open.clear()
    for (const open of all.toSorted((a, b) => a.firstOffset - b.firstOffset)) {
      this.#open.set(open.producerId, open)
    }
  }

  /** It has ended. */
  remove(producerId: number): void {
    this.#open.delete(producerId)
  }
}
