// Runs everything in virtual time, one turn of an event loop after the other, as Node does: what is due
// is called back, one callback after the other, each with all promises that it settles; then what was
// deferred to the end of the turn. Nothing here waits for real time, so a run only depends on its seed.
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

export interface EventLoopOptions {
  /** How long a turn keeps the processor busy, in ms: what falls due meanwhile shares the turn. */
  readonly busyMs: () => number
  /** Called after each turn. */
  readonly onTurn: () => void
  /** A callback has thrown: in a real process that is the end of it. */
  readonly onThrown: (error: unknown) => void
}

/** Turns between two looks at the real event loop, so that signals and output get their chance. */
const turnsPerBreath = 2000

export class EventLoop {
  readonly clock: VirtualClock = new VirtualClock()
  turnCount = 0
  readonly #options: EventLoopOptions

  constructor(options: EventLoopOptions) {
    this.#options = options
  }

  /** Runs the next turn; false when nothing is going to happen any more. */
  async turn(): Promise<boolean> {
    const { clock } = this
    if (clock.turnSize === 0) {
      if (clock.nextDueMs === Infinity) return false
      clock.pass(clock.nextDueMs - clock.monotonic())
    }
    clock.pass(this.#options.busyMs())
    // Not what these set for this very moment: that is for the next turn.
    for (let count = clock.dueCount; count > 0 && clock.dueCount > 0; count--) {
      await this.#call(clock.takeTimer() as () => void)
    }
    for (const callback of clock.takeTurn()) await this.#call(callback)
    this.turnCount++
    if (this.turnCount % turnsPerBreath === 0) await new Promise(setImmediate)
    this.#options.onTurn()
    return true
  }

  /** Runs turns until `isDone`, but no longer than `ms`; true when it is done. */
  async run(ms: number, isDone: () => boolean = () => false): Promise<boolean> {
    const { clock } = this
    const endMs = clock.monotonic() + ms
    // Whoever has just begun has set no timer yet.
    await settled()
    while (!isDone() && clock.monotonic() <= endMs) {
      const isIdle = clock.turnSize === 0 && clock.nextDueMs > endMs
      if (isIdle) clock.pass(endMs - clock.monotonic())
      if (isIdle || !(await this.turn())) break
    }
    return isDone()
  }

  /** Calls back, and lets every promise settle that now can. */
  async #call(callback: () => void): Promise<void> {
    try {
      callback()
    } catch (error) {
      this.#options.onThrown(error)
    }
    await settled()
  }
}

/** Resolves when all promises that could settle have, also those of ticks: ticks come after promises. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(() => process.nextTick(resolve))
  })
}
