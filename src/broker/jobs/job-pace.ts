// How fast a job goes: of the last ten seconds or so.
import type { Clock } from '../../lib/clock.ts'
import { jobLimits } from '../../limits/jobs.ts'

interface Sample {
  readonly at: number
  readonly looked: number
}

export class JobPace {
  readonly #clock: Clock
  readonly #samples: Sample[]
  #looked: number

  /** `looked`: how many messages it has looked at so far. */
  constructor(clock: Clock, looked: number) {
    this.#clock = clock
    this.#looked = looked
    this.#samples = [{ at: clock.monotonic(), looked }]
  }

  /** It has looked at so many by now. */
  note(looked: number): void {
    this.#looked = looked
    const at = this.#clock.monotonic()
    const samples = this.#samples
    if (at - samples.at(-1)!.at < jobLimits.paceSampleMs) return
    samples.push({ at, looked })
    if (samples.length > jobLimits.paceSamplesMax) samples.shift()
  }

  /** Messages looked at in a second; undefined when it is too early to say. */
  get perSecond(): number | undefined {
    const { at, looked } = this.#samples[0]!
    const ms = this.#clock.monotonic() - at
    return ms < jobLimits.paceSampleMs ? undefined : ((this.#looked - looked) * 1000) / ms
  }
}
