// How fast compaction goes: it rests after each piece, so that it has no more than its share of the disk and of
// one core.
import type { Clock } from '../../lib/clock.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { BrokerValues } from '../topic/topic-defaults.ts'

/** Shorter rests are put together. */
const restMsMin = 4

export class CompactionPace {
  readonly #clock: Clock
  readonly #settings: BrokerValues
  #owedMs = 0
  #wake: () => void = () => undefined

  constructor(clock: Clock, settings: BrokerValues) {
    this.#clock = clock
    this.#settings = settings
  }

  /**
   * Does `work` on so many bytes that were read, then rests; `writtenSizeOf` says how many are written because of
   * it.
   */
  async during<T>(
    readSize: number,
    work: () => Promise<T>,
    writtenSizeOf?: (result: T) => number,
  ): Promise<T> {
    const startedAt = this.#clock.monotonic()
    const result = await work()
    const tookMs = this.#clock.monotonic() - startedAt
    const size = readSize + (writtenSizeOf?.(result) ?? 0)
    const diskMs = (size / this.#bytesPerSecond) * 1000 - tookMs
    const coreMs = tookMs * (1 / topicLimits.compactionShareMax - 1)
    this.#owedMs += Math.max(diskMs, Math.min(coreMs, topicLimits.compactionRestMsMax), 0)
    if (this.#owedMs >= restMsMin) await this.#rest()
    return result
  }

  /** Ends the rest under way. */
  wake(): void {
    this.#wake()
  }

  get #bytesPerSecond(): number {
    const set = Number(this.#settings.get('log.cleaner.io.max.bytes.per.second') ?? Infinity)
    return Math.max(1, Math.min(set, topicLimits.compactionRateMax))
  }

  #rest(): Promise<void> {
    const ms = Math.ceil(this.#owedMs)
    this.#owedMs = 0
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#clock.after(ms, resolve)
    })
  }
}
