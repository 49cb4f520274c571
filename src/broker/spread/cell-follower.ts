// Follows where the partitions end that one other cell leads, as long as somebody waits for their records: one call
// for all of them that is answered when there are news.
import type { Clock } from '../../lib/clock.ts'
import { spreadLimits } from '../../limits/spread.ts'
import { type CellLine, NobodyAsksError } from './cell-line.ts'
import type { WatchArgs, WatchResult } from './record-calls.ts'
import type { RemoteLog } from './remote-log.ts'

export interface FollowerParts {
  readonly clock: Clock
  readonly line: CellLine
}

/** Those who want to know at once where partitions end. */
interface Refresh {
  readonly logs: Map<RemoteLog, PromiseWithResolvers<void>>
  readonly msMax: number | undefined
}

export class CellFollower {
  readonly #clock: Clock
  readonly #line: CellLine
  readonly #wanted = new Set<RemoteLog>()
  /** Partitions that the cell did not have, and when to ask again, by the monotonic clock. */
  readonly #missing = new Map<RemoteLog, number>()
  readonly #refreshes = new Map<number | undefined, Refresh>()
  #watching: AbortController | undefined
  #isRunning = false

  constructor({ clock, line }: FollowerParts) {
    this.#clock = clock
    this.#line = line
  }

  /** How many partitions it follows. */
  get followedCount(): number {
    return this.#wanted.size
  }

  follow(remote: RemoteLog): void {
    if (this.#wanted.has(remote)) return
    this.#wanted.add(remote)
    this.#watching?.abort()
    if (!this.#isRunning) void this.#run()
  }

  /** Resolves when `remote` has been told where it ends. Those of one turn are one call. */
  refresh(remote: RemoteLog, msMax: number | undefined): Promise<void> {
    let refresh = this.#refreshes.get(msMax)
    if (refresh === undefined) {
      const begun: Refresh = { logs: new Map(), msMax }
      this.#refreshes.set(msMax, begun)
      this.#clock.atEndOfTurn(() => {
        this.#refreshes.delete(msMax)
        void this.#refreshAll(begun)
      })
      refresh = begun
    }
    const known = refresh.logs.get(remote)
    if (known !== undefined) return known.promise
    const told = Promise.withResolvers<void>()
    refresh.logs.set(remote, told)
    return told.promise
  }

  async #refreshAll({ logs, msMax }: Refresh): Promise<void> {
    const all = [...logs.keys()]
    const { watchedPerCallMax: countMax } = spreadLimits
    for (let at = 0; at < all.length; at += countMax) {
      const part = all.slice(at, at + countMax)
      try {
        await this.#line.ask(
          async (calls) => {
            const signal = new AbortController().signal
            const args = { known: part.map((remote) => placeOf(remote)), waitMs: 0 }
            const missing = learn(await calls.watch(this.#line.cell, args, signal), part)
            // It will have it in a moment.
            if (missing.some(({ isGone }) => !isGone))
              throw new Error('a partition is not there yet')
          },
          () => part.every(({ isGone }) => isGone),
          msMax,
        )
        for (const remote of part) logs.get(remote)!.resolve()
      } catch (error) {
        for (const remote of part) logs.get(remote)!.reject(error)
      }
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      for (let known = this.#known(); known.length > 0; known = this.#known()) {
        await this.#watch(known)
        await this.#pause(spreadLimits.watchPauseMs)
      }
    } catch (error) {
      if (!(error instanceof NobodyAsksError)) throw error
    } finally {
      this.#isRunning = false
    }
  }

  async #watch(known: readonly RemoteLog[]): Promise<void> {
    const args: WatchArgs = {
      known: known.map((remote) => placeOf(remote)),
      // Others have their turn.
      waitMs: this.#wanted.size > known.length ? 0 : spreadLimits.watchMs,
    }
    const watching = new AbortController()
    this.#watching = watching
    const result = await this.#line.ask(
      (calls) => calls.watch(this.#line.cell, args, watching.signal).catch(whenAborted(watching)),
      () => this.#known().length === 0,
    )
    this.#watching = undefined
    const missing = learn(result, known)
    const askAt = this.#clock.monotonic() + spreadLimits.retryMsMax
    for (const remote of missing) this.#missing.set(remote, askAt)
    for (const remote of known) {
      if (this.#wanted.delete(remote)) this.#wanted.add(remote)
    }
    if (missing.length === known.length) await this.#pause(spreadLimits.retryMsMax)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve))
  }

  /** Those that somebody wants and that the cell may have. */
  #known(): RemoteLog[] {
    for (const remote of this.#wanted) {
      if (remote.isWanted) continue
      this.#wanted.delete(remote)
      this.#missing.delete(remote)
    }
    const now = this.#clock.monotonic()
    for (const [remote, askAt] of this.#missing) if (askAt <= now) this.#missing.delete(remote)
    const present = [...this.#wanted].filter((remote) => !this.#missing.has(remote))
    const chosen = present.length > 0 ? present : [...this.#wanted]
    return chosen.slice(0, spreadLimits.watchedPerCallMax)
  }
}

const noNews: WatchResult = { changed: [] }

/** Somebody else wants to be followed as well: it begins anew. */
function whenAborted({ signal }: AbortController): (error: unknown) => WatchResult {
  return (error) => {
    if (signal.aborted) return noNews
    throw error
  }
}

function placeOf({ topicId, number, remote, log }: RemoteLog): WatchArgs['known'][number] {
  const { epoch, startOffset } = remote.facts
  return [topicId, number, log.endOffset, epoch < 0 ? -1 : startOffset]
}

/** Returns those that the cell has not. */
function learn({ changed }: WatchResult, asked: readonly RemoteLog[]): RemoteLog[] {
  const byId = new Map(asked.map((remote) => [keyOf(remote.topicId, remote.number), remote]))
  return changed.flatMap(([topicId, number, facts, hidden]) => {
    const remote = byId.get(keyOf(topicId, number))
    if (remote === undefined) return []
    if (facts === null) return [remote]
    remote.learn(facts, hidden)
    return []
  })
}

function keyOf(topicId: string, number: number): string {
  return `${topicId}/${number}`
}
