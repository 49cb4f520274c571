// How long messages took, in buckets that are each about 3 % wider than the one before, so that any number
// of them takes the same memory.

const stepsPerDoubling = 24
/** The last is for what took longer than 2 ^ 40 µs. */
const bucketCount = stepsPerDoubling * 40

export class Latencies {
  readonly #buckets = new Float64Array(bucketCount)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Milliseconds of the slowest. */
  get max(): number {
    return this.#max
  }

  add(ms: number): void {
    const index = Math.floor(Math.log2(Math.max(ms * 1000, 1)) * stepsPerDoubling)
    const bucket = Math.min(index, bucketCount - 1)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    this.#max = Math.max(this.#max, ms)
  }

  /** Milliseconds that `share` of a hundred did not exceed, up to 3 % too many; 0 of none. */
  percentile(share: number): number {
    const rank = (this.#count * share) / 100
    let seen = 0
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count
      if (seen >= rank && count > 0) {
        return Math.min(2 ** ((bucket + 1) / stepsPerDoubling) / 1000, this.#max)
      }
    }
    return 0
  }
}
