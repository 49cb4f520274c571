// Runs that were read from files lately, for the next reader who comes by: groups that follow each
// other through a topic. Bounded by the memory that they pin; the least recently used leave first.
import type { Run } from '../run.ts'

/** Every record of [start, end) that somebody may still want, in runs, which the cache releases. */
export interface CachedRuns {
  readonly logId: number
  readonly start: number
  readonly end: number
  readonly runs: readonly Run[]
}

export class RunCache {
  readonly #sizeMax: number
  readonly #byLog = new Map<number, CachedRuns[]>()
  /** What each pins, in order of use. */
  readonly #sizes = new Map<CachedRuns, number>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Bytes of memory that it holds. */
  get size(): number {
    return this.#size
  }

  find(logId: number, offset: number): CachedRuns | undefined {
    const found = this.#byLog.get(logId)?.find(({ start, end }) => start <= offset && offset < end)
    if (found === undefined) return undefined
    const size = this.#sizes.get(found) as number
    this.#sizes.delete(found)
    this.#sizes.set(found, size)
    return found
  }

  add(runs: CachedRuns): void {
    const siblings = this.#byLog.get(runs.logId)
    if (siblings === undefined) this.#byLog.set(runs.logId, [runs])
    else siblings.push(runs)
    const size = pinnedSize(runs)
    this.#sizes.set(runs, size)
    this.#size += size
    for (const oldest of this.#sizes.keys()) {
      if (this.#size <= this.#sizeMax) return
      this.#drop(oldest)
    }
  }

  /** The log is gone. */
  forget(logId: number): void {
    for (const runs of this.#byLog.get(logId)?.slice() ?? []) this.#drop(runs)
  }

  #drop(runs: CachedRuns): void {
    const siblings = this.#byLog.get(runs.logId) as CachedRuns[]
    siblings.splice(siblings.indexOf(runs), 1)
    if (siblings.length === 0) this.#byLog.delete(runs.logId)
    this.#size -= this.#sizes.get(runs) as number
    this.#sizes.delete(runs)
    for (const run of runs.runs) run.release()
  }
}

/** Runs are views of what was read in one go, which may be more than they are. */
function pinnedSize({ runs }: CachedRuns): number {
  const buffers = new Set<ArrayBufferLike>()
  for (const { buffer, shared } of runs) {
    buffers.add(buffer.buffer)
    if (shared !== undefined) buffers.add(shared.buffer.buffer)
  }
  let size = entryOverhead
  for (const { byteLength } of buffers) size += byteLength
  return size
}

/** About what an entry and its objects take beside the bytes. */
const entryOverhead = 1024
