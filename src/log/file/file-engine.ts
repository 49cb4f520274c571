// What the logs of a data folder ask of their engine: the commit that takes what they append, the
// time of an atom, and a home for what leaves their memory.
import type { Clock } from '../../lib/clock.ts'
import type { CommitScheduler } from '../commit-scheduler.ts'
import type { Commit } from '../commit.ts'
import type { CursorEngine } from '../log-cursor.ts'
import type { LogEngine } from '../log-engine.ts'
import type { Log } from '../log.ts'
import type { RunConverter } from '../run-converter.ts'
import type { Run } from '../run.ts'
import type { AsideStore } from './aside-store.ts'
import type { TailCache } from './tail-cache.ts'
import type { VolatileSpill } from './volatile-spill.ts'

const noAtom = -1
const notYet = -2

export interface FileEngineOptions {
  readonly epoch: number
  readonly converter: RunConverter | undefined
  readonly clock: Clock
  readonly scheduler: CommitScheduler
  readonly asides: AsideStore
  readonly spill: VolatileSpill
  readonly tailCache: TailCache
}

export class FileEngine implements LogEngine<Log>, CursorEngine {
  readonly epoch: number
  readonly asideBodies: ReadonlyMap<number, Buffer>
  readonly converter: RunConverter | undefined
  readonly #clock: Clock
  readonly #scheduler: CommitScheduler
  readonly #asides: AsideStore
  readonly #spill: VolatileSpill
  readonly #tailCache: TailCache
  /** Everything in an atom has one time: a message may go to 1,000 queues. */
  #atomTime = noAtom

  constructor(options: FileEngineOptions) {
    this.epoch = options.epoch
    this.asideBodies = options.asides.bodies
    this.converter = options.converter
    this.#clock = options.clock
    this.#scheduler = options.scheduler
    this.#asides = options.asides
    this.#spill = options.spill
    this.#tailCache = options.tailCache
  }

  /** The first question for the time is answered by the clock, all others by that answer. */
  onAtomBegun(): void {
    this.#atomTime = notYet
  }

  onAtomEnded(): void {
    this.#atomTime = noAtom
  }

  commitForAppend(): Commit {
    return this.#scheduler.atom
  }

  commitForAck(): Commit {
    return this.#scheduler.open
  }

  onChanged(): void {
    this.#scheduler.schedule()
  }

  onAsideAppended(log: Log, offset: number, asideId: number): void {
    if (!log.isVolatile) this.#scheduler.atom.addAside({ log, offset, asideId })
    this.#asides.addReference({ logId: log.id, offset, asideId })
  }

  isAsideLost(asideId: number): boolean {
    return this.#asides.isLost(asideId)
  }

  onVolatileRun(log: Log, run: Run): void {
    this.#spill.onRun(log, run)
  }

  onRunsDropped(log: Log, runs: readonly Run[]): void {
    if (log.isVolatile) {
      this.#spill.onDropped(runs)
      this.#asides.onAcked(log)
    } else {
      for (const run of runs) this.#tailCache.drop(run)
    }
  }

  now(): number {
    if (this.#atomTime === noAtom) return this.#clock.now()
    if (this.#atomTime === notYet) this.#atomTime = this.#clock.now()
    return this.#atomTime
  }
}
