// How fast a move may go. Who has moved more than is due waits until it is: over a second the rate holds.
import type { Clock } from '../lib/clock.ts'
import type { ChunkMax } from './move-part.ts'

/** Per second; undefined is as fast as it goes. */
export interface RateMax {
  readonly records?: number | undefined
  readonly bytes?: number | undefined
}

/** No chunk is more than the rate of a tenth of a second, so that it is spread. */
const chunksPerSecond = 10

export class MoveRate {
  readonly #clock: Clock
  readonly #max: RateMax
  /** When what was moved so far is paid for, in monotonic milliseconds. */
  #paidAt = 0

  constructor(clock: Clock, max: RateMax) {
    this.#clock = clock
    this.#max = max
  }

  /** `max`, or less where the rate is low. */
  limit(max: ChunkMax): ChunkMax {
    return {
      records: shareOf(this.#max.records, max.records),
      bytes: shareOf(this.#max.bytes, max.bytes),
    }
  }

  /** Counts what was moved, and says for how many milliseconds nothing may be. */
  pause({ records, bytes }: ChunkMax): number {
    const { records: recordsMax = Infinity, bytes: bytesMax = Infinity } = this.#max
    const now = this.#clock.monotonic()
    const costMs = Math.max(records / recordsMax, bytes / bytesMax) * 1000
    this.#paidAt = Math.max(this.#paidAt, now) + costMs
    return this.#paidAt - now
  }
}

function shareOf(perSecond: number | undefined, max: number): number {
  if (perSecond === undefined) return max
  return Math.min(max, Math.max(1, Math.ceil(perSecond / chunksPerSecond)))
}
