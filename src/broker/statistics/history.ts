// The last samples of something, of which the oldest go.
import { statisticsLimits } from '../../limits/statistics.ts'
import type { Sample } from './sample.ts'

export class History {
  readonly #samples: Sample[] = []

  add(sample: Sample): void {
    this.#samples.push(sample)
    if (this.#samples.length > statisticsLimits.samplesMax) this.#samples.shift()
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples
  }
}
