// How long a commit of the profile `throughput` waits for more. Who has 1,000 messages outstanding sends the
// next ones when the last ones are confirmed: a commit that is written at once holds half of them, and
// the disk is asked twice as often as it had to be.
import type { Clock, Timer } from '../lib/clock.ts'
import { logLimits } from '../limits/log.ts'
import type { Commit } from './commit.ts'

/**
 * Begins when a commit is durable. Over when what that commit had has been sent again, when nothing has come
 * for a while, when its time is up, or when something came that is not to wait.
 */
export class Gathering {
  readonly #clock: Clock
  readonly #onOver: () => void
  #isOpen = false
  #sizeWanted = 0
  #endsAt = 0
  #quietMs = 0
  #timer: Timer | undefined

  /** `onOver`: it is over because of the time, and the commit that waited has to be written. */
  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock
    this.#onOver = onOver
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** `finished` is durable, which took `tookMs`; `open` is what gathers. */
  begin(finished: Commit, tookMs: number, open: Commit): void {
    const lengthMs = Math.min(tookMs * logLimits.gatheringShare, logLimits.gatheringMsMax)
    // Timers are no finer, and on such a disk there is nothing to be won.
    if (lengthMs < 1) return
    this.#isOpen = true
    this.#sizeWanted = open.size + finished.size * logLimits.gatheringSizeShare
    this.#endsAt = this.#clock.monotonic() + lengthMs
    this.#quietMs = Math.max(1, lengthMs / 2)
  }

  /** Whether `open`, in which there is something, is not to be written yet. */
  holds(open: Commit): boolean {
    if (!this.#isOpen) return false
    if (!open.isPatient || open.size >= this.#sizeWanted || this.#restMs <= 0) {
      this.end()
      return false
    }
    this.#timer ??= this.#watch(open)
    return true
  }

  end(): void {
    this.#isOpen = false
    this.#timer?.stop()
    this.#timer = undefined
  }

  get #restMs(): number {
    return this.#endsAt - this.#clock.monotonic()
  }

  #watch(open: Commit): Timer {
    const { size } = open
    return this.#clock.after(Math.min(this.#quietMs, this.#restMs), () => {
      this.#timer = undefined
      if (open.size === size) this.end()
      this.#onOver()
    })
  }
}
