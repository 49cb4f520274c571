// Dead letters that no queue takes, of queues that keep them (`x-dead-letter-strategy: at-least-once`). They
// stay in the log of their queue, and are tried again once routes are others. After a restart they are
// messages of the queue again: what has expired dies again, what was rejected is delivered again.
import type { Clock, Timer } from '../../lib/clock.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'

export interface KeptDeadLettersOptions {
  readonly clock: Clock
  /** Changes whenever a dead letter may find another way. */
  readonly routesVersion: () => number
  /** Some are kept. Told when the first one is, but not again and again. */
  readonly onKept: () => void
  /** To be tried again. */
  readonly onRetry: (offset: number, reason: DeathReason) => void
}

export class KeptDeadLetters {
  /** Bytes of their bodies. */
  size = 0
  readonly #options: KeptDeadLettersOptions
  #offsets: number[] = []
  #reasons: DeathReason[] = []
  /** Of the routes that the first of them did not find a way with. */
  #version = 0
  #timer: Timer | undefined
  /** Longer after each try in vain, because routes may change all the time. */
  #waitMs: number = brokerLimits.keptDeadLettersLookMs
  #triedAt = -Infinity
  /** By the monotonic clock. */
  #toldAt = -Infinity

  constructor(options: KeptDeadLettersOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#offsets.length
  }

  offsets(): IterableIterator<number> {
    return this.#offsets.values()
  }

  add(offset: number, reason: DeathReason, size: number): void {
    const { clock, routesVersion } = this.#options
    if (this.count === 0) {
      this.#version = routesVersion()
      this.#timer = clock.every(brokerLimits.keptDeadLettersLookMs, () => this.#look())
      this.#adaptWait(clock.monotonic())
      this.#tell()
    }
    this.#offsets.push(offset)
    this.#reasons.push(reason)
    this.size += size
  }

  /** All of them are worth another try. */
  retry(): void {
    this.stop()
    this.#triedAt = this.#options.clock.monotonic()
    const [offsets, reasons] = [this.#offsets, this.#reasons]
    this.#offsets = []
    this.#reasons = []
    this.size = 0
    for (const [index, offset] of offsets.entries()) this.#options.onRetry(offset, reasons[index]!)
  }

  /** They stay where they are. */
  stop(): void {
    this.#timer?.stop()
    this.#timer = undefined
  }

  /** Kept again at once: nothing has become better. */
  #adaptWait(now: number): void {
    const { keptDeadLettersLookMs: least, keptDeadLettersWaitMsMax: most } = brokerLimits
    const isInVain = now - this.#triedAt < least
    this.#waitMs = isInVain ? Math.min(this.#waitMs * 2, most) : least
  }

  #tell(): void {
    const { clock, onKept } = this.#options
    const now = clock.monotonic()
    if (now - this.#toldAt < brokerLimits.keptDeadLettersTellMs) return
    this.#toldAt = now
    onKept()
  }

  #look(): void {
    const { clock, routesVersion } = this.#options
    if (clock.monotonic() - this.#triedAt < this.#waitMs) return
    if (routesVersion() !== this.#version) this.retry()
  }
}
