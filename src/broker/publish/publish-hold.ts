// Requests of one connection that publish, expect an answer, and came while publishers are blocked (Kafka's
// produce, a publish over HTTP). They wait in their order until that is over; before the first one's
// client gives up, all of them are refused, because those behind it may not overtake it. Messages that
// need no answer within some time wait in an `Intake`.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Shortage } from '../shortage.ts'

export class PublishHold {
  readonly #clock: Clock
  readonly #shortage: Shortage
  readonly #waiting: ((isAdmitted: boolean) => void)[] = []
  #timer: Timer | undefined
  #stopListening: (() => void) | undefined

  constructor(clock: Clock, shortage: Shortage) {
    this.#clock = clock
    this.#shortage = shortage
  }

  /** Whether a publish has to wait. */
  get isNeeded(): boolean {
    return this.#shortage.reason !== undefined || this.#waiting.length > 0
  }

  /** Resolves when publishers are no longer blocked: true. Or `ms` after the first one began: false. */
  async wait(ms: number): Promise<boolean> {
    this.#timer ??= this.#clock.after(ms, () => this.end(false))
    this.#stopListening ??= this.#shortage.onChange((isShort) => {
      if (!isShort) this.end(true)
    })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Ends the waiting; false also when the connection is gone. */
  end(isAdmitted: boolean): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.#stopListening?.()
    this.#stopListening = undefined
    for (const resolve of this.#waiting.splice(0)) resolve(isAdmitted)
  }
}
