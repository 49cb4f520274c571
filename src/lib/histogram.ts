// How often which values came: counts by size, their sum and their number. To observe a value is some
// comparisons and two additions, so hot paths may.

export class Histogram {
  /** Ascending: a value counts in the first bucket whose bound is not below it. */
  readonly bounds: readonly number[]
  /** By bound, each for itself; the last one, without a bound, for what is above all of them. */
  readonly counts: number[]
  /** Of all values. */
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    const { bounds, counts } = this
    let index = 0
    while (index < bounds.length && value > bounds[index]!) index++
    counts[index]!++
    this.sum += value
  }
}
