// How much was free on the disk since the start, and when publishers would be blocked if it goes on like that.
// Samples get sparser the longer they go back, so that a day takes no more room than an hour.
import { statisticsLimits } from '../../limits/statistics.ts'

export interface DiskSample {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly freeSize: number
  /** Of the log's files. */
  readonly logSize: number
}

/** What a store says of its files. */
interface FilesNow {
  readonly freeSize: number
  readonly walSize: number
  readonly cleanSize: number
}

/**
 * - `unknown`: there are too few samples.
 * - `steady`: what changed is no more than what it scatters by.
 */
export type DiskForecast = {
  readonly direction: 'unknown' | 'steady' | 'filling' | 'emptying'
  /** By which free space changes; 0 where nothing is known. */
  readonly bytesPerSecond: number
  /** What that was seen over. */
  readonly spanMs: number
}

const { diskSamplesMax, diskTrendMs, diskForecastMsMin, diskForecastNoise } = statisticsLimits

export class DiskTrend {
  #samples: DiskSample[] = []
  /** Between two samples. */
  #intervalMs = 0

  /** Samples that come sooner than others are kept are passed over. */
  add(time: number, { freeSize, walSize, cleanSize }: FilesNow): void {
    const last = this.#samples.at(-1)
    // The first look at the disk has not come back.
    if (freeSize === 0 && walSize === 0) return
    if (last !== undefined && time - last.time < this.#intervalMs) return
    const since = time - diskTrendMs
    if ((this.#samples[0]?.time ?? since) < since) this.#samples.shift()
    this.#samples.push({ time, freeSize, logSize: walSize + cleanSize })
    if (this.#samples.length < 2 * diskSamplesMax) return
    this.#samples = this.#samples.filter((_, index) => index % 2 === 1)
    this.#intervalMs = 2 * Math.max(this.#intervalMs, statisticsLimits.sampleMs)
  }

  /** Oldest first. */
  get samples(): readonly DiskSample[] {
    return this.#samples
  }

  /** From a line through the last half of what is known. */
  get forecast(): DiskForecast {
    const all = this.#samples
    const span = (all.at(-1)?.time ?? 0) - (all[0]?.time ?? 0)
    const from = (all.at(-1)?.time ?? 0) - Math.max(span / 2, diskForecastMsMin)
    const used = all.filter(({ time }) => time >= from)
    const spanMs = (used.at(-1)?.time ?? 0) - (used[0]?.time ?? 0)
    if (spanMs < diskForecastMsMin * 0.9) {
      return { direction: 'unknown', bytesPerSecond: 0, spanMs }
    }
    const { slope, scatter } = lineThrough(used)
    const change = Math.abs(slope) * spanMs
    if (change <= diskForecastNoise * scatter || change === 0) {
      return { direction: 'steady', bytesPerSecond: slope * 1000, spanMs }
    }
    const direction = slope < 0 ? 'filling' : 'emptying'
    return { direction, bytesPerSecond: slope * 1000, spanMs }
  }
}

/** By least squares: bytes a millisecond, and by how much samples lie beside it. */
function lineThrough(samples: readonly DiskSample[]): { slope: number; scatter: number } {
  const count = samples.length
  const time = samples.reduce((sum, each) => sum + each.time, 0) / count
  const size = samples.reduce((sum, { freeSize }) => sum + freeSize, 0) / count
  let products = 0
  let squares = 0
  for (const each of samples) {
    products += (each.time - time) * (each.freeSize - size)
    squares += (each.time - time) ** 2
  }
  const slope = squares === 0 ? 0 : products / squares
  const off = samples.map((each) => each.freeSize - size - slope * (each.time - time))
  return { slope, scatter: Math.sqrt(off.reduce((sum, each) => sum + each * each, 0) / count) }
}
