// A job: what was asked, how far it is, and what is kept of it, in the log's keyed state:
//
//   job/<id>/asked      what was asked, by whom and when (JSON)
//   job/<id>/progress   how far it is (JSON): written in the atom of each batch
//   job/<id>/moved/<n>  where the messages are that it moved (`MovedRanges`)
//
// Lifecycle: running → paused, failed or interrupted (its broker ended) → running again … → done or cancelled.
// What is interrupted because its cell goes to another node says so, and runs again there.
import { jobLimits } from '../../limits/jobs.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { JobAsked } from './job-asked.ts'
import { jobKeyStart } from './job-keys.ts'
import type { JobPace } from './job-pace.ts'
import type { LastingRights } from './lasting-rights.ts'
import { MovedRanges, type RangeBudget } from './moved-ranges.ts'
import type { ScanPlace } from './scan.ts'

export type JobState = 'running' | 'paused' | 'interrupted' | 'failed' | 'done' | 'cancelled'

/** What does not change. */
export interface JobFacts {
  readonly asked: JobAsked
  /** Who asked for it. */
  readonly user: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number
  /** How many messages it may be about. */
  readonly total: number
  /** Of the queue, because another one may have its name later. */
  readonly queueId: number
  /** For each part of the queue where it ended when the job began. */
  readonly ends: readonly number[]
}

export interface JobProgress {
  readonly state: JobState
  /** Why it stopped, or waits while it runs. */
  readonly reason: string | undefined
  readonly endedAt: number | undefined
  /** It was handed over to the next owner of its cell, to go on with these rights. */
  readonly handedOver?: { readonly rights: LastingRights | undefined } | undefined
  readonly place: ScanPlace
  /** Messages that were looked at, … */
  readonly looked: number
  /** … those that are where they were to go, and bytes of their bodies. */
  readonly done: number
  readonly doneSize: number
  /** Why messages stayed where they are, and how many. */
  readonly skipped: readonly SkipCount[]
}

export type SkipCount = readonly [reason: string, count: number]

/** What a batch came to. */
export interface BatchResult {
  readonly place: ScanPlace
  readonly looked: number
  readonly done: number
  readonly doneSize: number
  readonly skips: readonly string[]
}

const otherReasons = 'other reasons'

export class Job {
  readonly id: string
  readonly facts: JobFacts
  readonly moved: MovedRanges
  /** Since it was begun or resumed last. */
  pace: JobPace | undefined
  /** Since then: with what rights it runs; undefined: those of a token, which cannot be found again. */
  #rights: LastingRights | undefined
  #progress: JobProgress = {
    state: 'running',
    reason: undefined,
    endedAt: undefined,
    place: { segment: 0, offset: 0 },
    looked: 0,
    done: 0,
    doneSize: 0,
    skipped: [],
  }
  /** Rises when it runs anew. */
  #run = 0
  #wake: (() => void) | undefined

  constructor(id: string, facts: JobFacts, budget: RangeBudget) {
    this.id = id
    this.facts = facts
    this.moved = new MovedRanges(`${prefixOf(id)}moved/`, budget)
  }

  get progress(): JobProgress {
    return this.#progress
  }

  get state(): JobState {
    return this.#progress.state
  }

  get hasEnded(): boolean {
    return this.state === 'done' || this.state === 'cancelled'
  }

  /** Begins a run, or another one. */
  begin(rights: LastingRights | undefined): number {
    this.#rights = rights
    this.#progress = {
      ...this.#progress,
      state: 'running',
      reason: undefined,
      endedAt: undefined,
      handedOver: undefined,
    }
    return ++this.#run
  }

  /** Whether that run is to go on. */
  isRunning(run: number): boolean {
    return this.state === 'running' && this.#run === run
  }

  /** It runs, and tries a message that its target does not take again. */
  holdFor(reason: string): void {
    this.#progress = { ...this.#progress, reason: reason.slice(0, jobLimits.reasonLengthMax) }
  }

  /** Another state from now on; a wait ends. */
  stop(state: Exclude<JobState, 'running'>, at: number, reason?: string): void {
    this.#progress = { ...this.#progress, state, reason, endedAt: at, handedOver: undefined }
    this.#wake?.()
  }

  /** Its cell goes to another node, which is to go on with it. */
  handOver(at: number): void {
    this.stop('interrupted', at, 'its cell moves')
    this.#progress = { ...this.#progress, handedOver: { rights: this.#rights } }
  }

  /** Waits until `begin` calls back, later, or until the job stops. `begin` returns what ends its waiting. */
  waitFor(begin: (done: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake = undefined
        end()
        resolve()
      }
      const end = begin(done)
      this.#wake = done
    })
  }

  /** Keeps what was asked and how far it is. Within an atom. False: there is no room. */
  create(store: LogStore): boolean {
    const asked = Buffer.from(JSON.stringify(this.facts))
    return store.putState(`${prefixOf(this.id)}asked`, asked) && this.save(store)
  }

  /** Keeps how far it is. Within an atom. False: there is no room. */
  save(store: LogStore, progress: JobProgress = this.#progress): boolean {
    return store.putState(
      `${prefixOf(this.id)}progress`,
      Buffer.from(JSON.stringify({ ...progress, isWhole: this.moved.isWhole })),
    )
  }

  /** The same with a batch that is about to be done in this atom; false: it must not be. */
  advance(store: LogStore, batch: BatchResult): boolean {
    const progress = withBatch(this.#progress, batch)
    if (!this.save(store, progress)) return false
    this.#progress = progress
    return true
  }

  /** Nothing was done in the batch: that is not written down. */
  pass(batch: BatchResult): true {
    this.#progress = withBatch(this.#progress, batch)
    return true
  }

  /** Forgets what is kept. Within an atom. */
  forget(store: LogStore): void {
    const prefix = prefixOf(this.id)
    for (const name of ['asked', 'progress']) store.putState(prefix + name, undefined)
    this.moved.forget(store)
  }

  /** Puts a job back that an earlier process had; undefined when that kept no whole one. */
  static restore(
    id: string,
    state: ReadonlyMap<string, Buffer>,
    budget: RangeBudget,
  ): Job | undefined {
    const [asked, progress] = ['asked', 'progress'].map((name) => state.get(prefixOf(id) + name))
    if (asked === undefined || progress === undefined) return undefined
    const job = new Job(id, JSON.parse(asked.toString()) as JobFacts, budget)
    const { isWhole, ...rest } = JSON.parse(progress.toString()) as JobProgress & {
      isWhole: boolean
    }
    job.moved.restore(state)
    job.moved.isWhole = isWhole
    const isCut = rest.state === 'running'
    const reason = isCut ? 'the broker ended' : rest.reason
    // An older version keeps what it does not know, whatever becomes of the job.
    const handedOver = rest.state === 'interrupted' ? rest.handedOver : undefined
    job.#progress = { ...rest, state: isCut ? 'interrupted' : rest.state, reason, handedOver }
    return job
  }
}

function prefixOf(id: string): string {
  return `${jobKeyStart}${id}/`
}

/** Ids of the jobs that have something in keyed state. */
export function jobIdsIn(state: ReadonlyMap<string, Buffer>): string[] {
  const ids = new Set<string>()
  for (const key of state.keys()) {
    if (key.startsWith(jobKeyStart))
      ids.add(key.slice(jobKeyStart.length, key.indexOf('/', jobKeyStart.length)))
  }
  return [...ids]
}

function withBatch(progress: JobProgress, batch: BatchResult): JobProgress {
  return {
    ...progress,
    reason: undefined,
    place: batch.place,
    looked: progress.looked + batch.looked,
    done: progress.done + batch.done,
    doneSize: progress.doneSize + batch.doneSize,
    skipped:
      batch.skips.length === 0 ? progress.skipped : countSkips(progress.skipped, batch.skips),
  }
}

/** Bounded: reasons beyond are counted together. */
export function countSkips(known: readonly SkipCount[], more: readonly string[]): SkipCount[] {
  const counts = new Map(known)
  for (const each of more) {
    const reason = each.slice(0, jobLimits.reasonLengthMax)
    const isRoom = counts.has(reason) || counts.size < jobLimits.reasonsMax
    const counted = isRoom ? reason : otherReasons
    counts.set(counted, (counts.get(counted) ?? 0) + 1)
  }
  return [...counts]
}
