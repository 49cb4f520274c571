// Bounds the memory of runs that are durable and still in `Log.tail`. Invariant: a run is counted
// from the moment it is durable until it leaves its log's tail; then its memory is let go.
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { SharedBodies } from '../shared-bodies.ts'

/** Oldest first: what was committed first is evicted first. */
export class TailCache {
  #size = 0
  readonly #sizeMax: number
  #runs: (Run | undefined)[] = []
  #logs: (Log | undefined)[] = []
  #head = 0
  /** Entries at or after `#head` whose run left its tail already. */
  #deadCount = 0
  /** Bytes of those that readers may still have: they are let go only with their entry here. */
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
    if (log.isDeleted || run.lastOffset < log.cursor.floor) {
      // It left its tail before it was durable.
      run.release()
      return
    }
    run.cachedSize = run.buffer.length
    this.#size += run.cachedSize
    if (run.shared !== undefined) this.#retain(run.shared)
    this.#runs.push(run)
    this.#logs.push(log)
    while (this.#size > this.#sizeMax && this.#head < this.#runs.length) this.#evictOldest()
  }

  /** The run left its log's tail for another reason than eviction. */
  drop(run: Run): void {
    if (run.cachedSize === 0) return
    this.#release(run)
    this.#deadCount++
    if (run.isLent) this.#deadSize += run.buffer.length
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
      if (run.isLent) this.#deadSize -= run.buffer.length
    } else {
      log.evictBefore(run.lastOffset + 1)
      this.#release(run)
    }
    if (this.#head > 1024 && this.#head * 2 > this.#runs.length) this.#compact()
  }

  #release(run: Run): void {
    this.#size -= run.cachedSize
    run.cachedSize = 0
    if (run.shared !== undefined) this.#releaseShared(run.shared)
    run.release()
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
