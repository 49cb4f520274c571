// Bounds the memory of runs that are durable and still in `Log.tail`. Invariant: a run is counted
// from the moment it is durable until it leaves its log's tail; then its memory is let go. A run may
// be a small part of its memory (a batch among others in a request, something small in a page of
// Node's): as long as any such part is here, all of that memory is counted, once.
import { logLimits } from '../../limits/log.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { SharedBodies } from '../shared-bodies.ts'

/** Oldest first: what was committed first is evicted first. */
export class TailCache {
  #size = 0
  readonly #sizeMax: number
  /** Memory that runs are parts of, and how many there are of it. */
  readonly #shared = new Map<ArrayBufferLike, number>()
  #runs: (Run | undefined)[] = []
  #logs: (Log | undefined)[] = []
  #head = 0
  /** Entries at or after `#head` whose run left its tail already. */
  #deadCount = 0
  /** About so many bytes of those that readers may still have are let go only with their entries. */
  #deadSize = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Bytes of memory that cached runs hold. */
  get size(): number {
    return this.#size
  }

  /** Takes a run that just became durable. */
  add(log: Log, run: Run): void {
    if (log.isDeleted || run.lastOffset < log.floor) {
      // It left its tail before it was durable, unless it was open when its last record was acked.
      log.onAcked()
      run.release()
      return
    }
    run.cachedSize = logLimits.keptRunSize
    this.#size += run.cachedSize + this.#retainMemory(run.buffer)
    if (run.shared !== undefined) this.#retain(run.shared)
    this.#runs.push(run)
    this.#logs.push(log)
    while (this.#size > this.#sizeMax && this.#head < this.#runs.length) this.#evictOldest()
  }

  /** The run left its log's tail for another reason than eviction. */
  drop(run: Run): void {
    if (run.cachedSize === 0) return
    const released = this.#release(run)
    this.#deadCount++
    if (run.holderCount > 0) this.#deadSize += released
    const isCrowded = this.#deadCount > 1024 && this.#deadCount * 2 > this.#runs.length - this.#head
    if (isCrowded || this.#deadSize * 8 > this.#sizeMax) this.#compact()
  }

  #evictOldest(): void {
    const run = this.#runs[this.#head] as Run
    const log = this.#logs[this.#head] as Log
    this.#runs[this.#head] = undefined
    this.#logs[this.#head] = undefined
    this.#head++
    if (run.cachedSize === 0) {
      this.#deadCount--
    } else {
      log.evictBefore(run.lastOffset + 1)
      this.#release(run)
    }
    if (this.#head > 1024 && this.#head * 2 > this.#runs.length) this.#compact()
  }

  /** Returns how many bytes of its memory nobody here needs any more. */
  #release(run: Run): number {
    const released = this.#releaseMemory(run.buffer)
    this.#size -= run.cachedSize + released
    run.cachedSize = 0
    if (run.shared !== undefined) this.#releaseShared(run.shared)
    run.release()
    return released
  }

  /** Returns the bytes that are to be counted now. */
  #retainMemory(bytes: Buffer): number {
    const { buffer: memory } = bytes
    if (isMostOf(bytes, memory)) return memory.byteLength
    const count = this.#shared.get(memory) ?? 0
    this.#shared.set(memory, count + 1)
    return count === 0 ? memory.byteLength : 0
  }

  /** Returns the bytes that are not to be counted any more. */
  #releaseMemory(bytes: Buffer): number {
    const { buffer: memory } = bytes
    if (isMostOf(bytes, memory)) return memory.byteLength
    const count = this.#shared.get(memory) as number
    if (count > 1) this.#shared.set(memory, count - 1)
    else this.#shared.delete(memory)
    return count > 1 ? 0 : memory.byteLength
  }

  #retain(shared: SharedBodies): void {
    if (shared.retainCount++ === 0) this.#size += shared.buffer.length
  }

  #releaseShared(shared: SharedBodies): void {
    if (--shared.retainCount === 0) this.#size -= shared.buffer.length
  }

  /** Forgets entries that nobody needs, so that one old run does not keep millions of them. */
  #compact(): void {
    const runs: (Run | undefined)[] = []
    const logs: (Log | undefined)[] = []
    for (let at = this.#head; at < this.#runs.length; at++) {
      if (this.#runs[at]!.cachedSize === 0) continue
      runs.push(this.#runs[at])
      logs.push(this.#logs[at])
    }
    this.#runs = runs
    this.#logs = logs
    this.#head = 0
    this.#deadCount = 0
    this.#deadSize = 0
  }
}

/** Then there can be no other of which that is true, and nothing has to be looked up. */
function isMostOf(bytes: Buffer, memory: ArrayBufferLike): boolean {
  return bytes.length * 2 > memory.byteLength
}
