// Runs that were read from another cell lately, in stretches: readers of a partition at about the same place need one
// call for all. Bounded for all partitions together; the stretch that was read longest ago goes first.
import type { Run } from '../../log/run.ts'

/** All existing runs for readers in [start, end) of a partition; ascending, and retained. */
interface Stretch {
  readonly owner: object
  readonly start: number
  readonly end: number
  readonly runs: readonly Run[]
  readonly size: number
}

/** What is there from an offset on up to `end`: `runs`, which are retained for the caller. */
export interface FoundStretch {
  readonly runs: readonly Run[]
  readonly end: number
}

export interface KeptRunsLimits {
  readonly sizeMax: number
  /** Of one partition. */
  readonly stretchesMax: number
}

/** About what a run takes beside its bytes. */
const runOverhead = 256

export class KeptRuns {
  readonly #limits: KeptRunsLimits
  /** Those that were used last are last. */
  readonly #stretches = new Set<Stretch>()
  readonly #byOwner = new Map<object, Stretch[]>()
  #size = 0

  constructor(limits: KeptRunsLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Keeps runs of `owner`, which are retained for that. */
  add(owner: object, start: number, end: number, runs: readonly Run[]): void {
    const { sizeMax, stretchesMax } = this.#limits
    let size = runOverhead
    for (const run of runs) size += run.size + runOverhead
    if (size > sizeMax / 2) return
    for (const run of runs) run.retain()
    const stretch = { owner, start, end, runs, size }
    this.#stretches.add(stretch)
    this.#size += size
    const own = this.#byOwner.get(owner)
    if (own === undefined) this.#byOwner.set(owner, [stretch])
    else {
      own.push(stretch)
      if (own.length > stretchesMax) this.#drop(own[0]!)
    }
    for (const oldest of this.#stretches) {
      if (this.#size <= sizeMax) return
      this.#drop(oldest)
    }
  }

  /** Runs of `owner` from `offset` on, as many as fit and at least one; undefined when nothing is known of that offset. */
  find(owner: object, offset: number, sizeMax: number): FoundStretch | undefined {
    const stretch = this.#byOwner
      .get(owner)
      ?.find(({ start, end }) => start <= offset && offset < end)
    if (stretch === undefined) return undefined
    this.#stretches.delete(stretch)
    this.#stretches.add(stretch)
    const runs: Run[] = []
    let size = 0
    for (const run of stretch.runs) {
      if (run.lastOffset < offset) continue
      size += run.size
      if (size > sizeMax && runs.length > 0) return { runs, end: run.baseOffset }
      run.retain()
      runs.push(run)
    }
    return { runs, end: stretch.end }
  }

  /** Forgets what is kept of `owner`. */
  forget(owner: object): void {
    for (const stretch of this.#byOwner.get(owner) ?? []) this.#drop(stretch)
  }

  #drop(stretch: Stretch): void {
    this.#stretches.delete(stretch)
    this.#size -= stretch.size
    const others = this.#byOwner.get(stretch.owner)?.filter((each) => each !== stretch) ?? []
    if (others.length === 0) this.#byOwner.delete(stretch.owner)
    else this.#byOwner.set(stretch.owner, others)
    for (const run of stretch.runs) run.release()
  }
}
