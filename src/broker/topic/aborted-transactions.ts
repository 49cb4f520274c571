// The transactions that were aborted in one partition, in the order of their markers: readers of committed
// records pass over what belongs to them. Kept in the log's keyed state in chunks, so that each abort
// writes little, until retention has passed them.
import { transactionLimits } from '../../limits/transaction.ts'
import type { LogStore } from '../../log/log-store.ts'

export interface AbortedTransaction {
  readonly producerId: number
  /** Of its first record. */
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
  /** The last stable offset once it had ended: every later one in this list begins there or after it. */
  readonly stableOffset: number
}

const keyStart = 'aborted/'
const entrySize = 32
const { abortedPerChunk } = transactionLimits

/** Which log and chunk a key of the log's keyed state is for; undefined for other keys. */
export function parseAbortedKey(key: string): { logId: number; chunk: number } | undefined {
  if (!key.startsWith(keyStart)) return undefined
  const [logId, chunk] = key.slice(keyStart.length).split('/').map(Number)
  return { logId: logId as number, chunk: chunk as number }
}

export class AbortedTransactions {
  readonly #logId: number
  readonly #all: AbortedTransaction[] = []
  /** Number of the chunk that the first one is in; chunks are full but for the last. */
  #firstChunk = 0

  constructor(logId: number) {
    this.#logId = logId
  }

  get count(): number {
    return this.#all.length
  }

  /** Puts back what one chunk says. To be called in the order of the chunks. */
  restore(chunk: number, value: Buffer): void {
    if (this.#all.length === 0) this.#firstChunk = chunk
    for (let at = 0; at + entrySize <= value.length; at += entrySize) {
      this.#all.push({
        producerId: value.readDoubleBE(at),
        firstOffset: value.readDoubleBE(at + 8),
        lastOffset: value.readDoubleBE(at + 16),
        stableOffset: value.readDoubleBE(at + 24),
      })
    }
  }

  /** Within an atom. Without room for it, it is known until the broker ends. */
  add(aborted: AbortedTransaction, store: LogStore): void {
    this.#all.push(aborted)
    const index = Math.floor((this.#all.length - 1) / abortedPerChunk)
    const entries = this.#all.slice(index * abortedPerChunk)
    store.putState(this.#key(this.#firstChunk + index), encode(entries))
  }

  /** Whether a record of this producer at this offset was aborted. */
  isAborted(producerId: number, offset: number): boolean {
    for (let at = this.#firstFrom(offset); at < this.#all.length; at++) {
      const aborted = this.#all[at]!
      if (aborted.producerId === producerId && aborted.firstOffset <= offset) return true
      if (aborted.stableOffset > offset) return false
    }
    return false
  }

  /** Those with something in `from` … `end` (exclusive), by their first offset: clients want them so. */
  between(from: number, end: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let at = this.#firstFrom(from); at < this.#all.length; at++) {
      const aborted = this.#all[at]!
      if (aborted.firstOffset < end) found.push(aborted)
      if (aborted.stableOffset >= end) break
    }
    return found.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Nothing below `offset` exists any more. Within an atom. */
  forgetBelow(offset: number, store: LogStore): void {
    while (this.#all.length > abortedPerChunk) {
      if (this.#all[abortedPerChunk - 1]!.lastOffset >= offset) return
      this.#all.splice(0, abortedPerChunk)
      store.putState(this.#key(this.#firstChunk++), undefined)
    }
  }

  /** Within an atom. */
  clear(store: LogStore): void {
    const chunks = Math.ceil(this.#all.length / abortedPerChunk)
    for (let chunk = 0; chunk < chunks; chunk++) {
      store.putState(this.#key(this.#firstChunk + chunk), undefined)
    }
    this.#all.length = 0
  }

  /** Index of the first whose marker is at `offset` or after it. */
  #firstFrom(offset: number): number {
    let low = 0
    let high = this.#all.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#all[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #key(chunk: number): string {
    return `${keyStart}${this.#logId}/${chunk}`
  }
}

function encode(entries: readonly AbortedTransaction[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.length * entrySize)
  let at = 0
  for (const { producerId, firstOffset, lastOffset, stableOffset } of entries) {
    at = bytes.writeDoubleBE(producerId, at)
    at = bytes.writeDoubleBE(firstOffset, at)
    at = bytes.writeDoubleBE(lastOffset, at)
    at = bytes.writeDoubleBE(stableOffset, at)
  }
  return bytes
}
