// Moves what is in queues or partitions of another broker into this one, several at the same time. It knows
// neither's protocol, and nothing is kept about how far it came: each part finds that out from source and
// target, so a move that ended in any way is gone on with by starting it again.
//
//   created ─ run ─► running ◄─ pause, resume ─► paused
//                       └─ every part is done, `stop`, or a part fails ─► ended
import type { Clock } from '../lib/clock.ts'
import { moveLimits } from '../limits/move.ts'
import type { Chunk, ChunkMax, MovePart } from './move-part.ts'
import { MoveRate, type RateMax } from './move-rate.ts'

export interface MoverOptions {
  readonly clock: Clock
  readonly rate: RateMax
  /** Whether to go on when nothing is left, with what comes later. */
  readonly keepsRunning: boolean
  /** Taken at once; left out, only bytes count. */
  readonly recordsAtOnce?: number
  /** Told whenever something has been moved, or could not be for now. */
  readonly onProgress?: () => void
}

/** How far a part came. */
export interface PartProgress {
  readonly name: string
  readonly state: 'waiting' | 'moving' | 'done' | 'stopped' | 'failed'
  /** Moved in this run. */
  readonly records: number
  readonly bytes: number
  /** Records that still wait, as far as that is known. */
  readonly left: number | undefined
  /** Why it does not go on now, or not at all. */
  readonly reason: string | undefined
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

interface Line {
  readonly part: MovePart
  readonly progress: Mutable<PartProgress>
}

export class Mover {
  readonly #options: MoverOptions
  readonly #rate: MoveRate
  readonly #chunkMax: ChunkMax
  readonly #lines: readonly Line[]
  #isStopping = false
  #isPaused = false
  #failure: unknown
  /** Those that wait for a time, or for the end of a pause. */
  readonly #wakes = new Set<() => void>()

  constructor(parts: readonly MovePart[], options: MoverOptions) {
    this.#options = options
    this.#chunkMax = {
      records: options.recordsAtOnce ?? Infinity,
      bytes: moveLimits.chunkSizeMax,
    }
    this.#rate = new MoveRate(options.clock, options.rate)
    this.#lines = parts.map((part) => ({ part, progress: notBegun(part.name) }))
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get progress(): readonly PartProgress[] {
    return this.#lines.map(({ part, progress }) => ({ ...progress, left: part.left }))
  }

  /**
   * Resolves when everything is moved or `stop` was called, and what was taken until then is at the target.
   * Rejects with what the first part that failed rejected with; then the others have been stopped.
   */
  async run(): Promise<void> {
    const waiting = [...this.#lines]
    // All of those that keep running have to run at the same time.
    const atOnce = this.#options.keepsRunning ? waiting.length : moveLimits.atOnceMax
    const worker = async (): Promise<void> => {
      for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
        if (this.#isStopping) return
        await this.#runPart(line)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, worker))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** What is on its way arrives; nothing more is taken until `resume`. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#wakeAll()
  }

  /** Ends the run when what is on its way has arrived. */
  stop(): void {
    this.#isStopping = true
    this.#wakeAll()
  }

  async #runPart({ part, progress }: Line): Promise<void> {
    progress.state = 'moving'
    try {
      await part.open()
      progress.state = (await this.#moveAll(part, progress)) ? 'done' : 'stopped'
    } catch (error) {
      progress.state = 'failed'
      progress.reason = error instanceof Error ? error.message : String(error)
      this.#failure ??= error
      this.stop()
    } finally {
      await part.close()
      this.#options.onProgress?.()
    }
  }

  /** Whether it came to an end of its own. */
  async #moveAll(part: MovePart, progress: Mutable<PartProgress>): Promise<boolean> {
    for (;;) {
      while (this.#isPaused && !this.#isStopping) await this.#wait(Infinity)
      if (this.#isStopping) return false
      const chunk = await part.take(this.#rate.limit(this.#chunkMax))
      if (chunk === undefined) {
        if (!this.#options.keepsRunning && (await part.isDone())) return true
        await this.#wait(moveLimits.idleMs)
      } else if (await this.#store(chunk, progress)) {
        const { records, bytes } = chunk
        await this.#wait(this.#rate.pause({ records, bytes }))
      }
    }
  }

  /** Whether it has been stored: it is tried until then, or until the move is stopped. */
  async #store(chunk: Chunk, progress: Mutable<PartProgress>): Promise<boolean> {
    for (;;) {
      progress.reason = await chunk.store()
      if (progress.reason === undefined) break
      this.#options.onProgress?.()
      if (this.#isStopping) return false
      await this.#wait(moveLimits.retryMs)
    }
    progress.records += chunk.records
    progress.bytes += chunk.bytes
    this.#options.onProgress?.()
    return true
  }

  /** Resolves after that time, and earlier when something has changed. */
  #wait(ms: number): Promise<void> {
    if (ms <= 0 || this.#isStopping) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = ms === Infinity ? undefined : this.#options.clock.after(ms, wake)
    const wakes = this.#wakes
    wakes.add(wake)
    function wake(): void {
      timer?.stop()
      wakes.delete(wake)
      resolve()
    }
    return promise
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake()
  }
}

function notBegun(name: string): PartProgress {
  return { name, state: 'waiting', records: 0, bytes: 0, left: undefined, reason: undefined }
}
