// Messages that wait while publishers are blocked take memory themselves. Their connections are not read
// meanwhile, so nobody hears that a client has gone; if many have, what they left can be what keeps memory
// short. So after a while those that left most are ended, one after the other, until memory is ample.
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { memoryLimits } from '../limits/memory.ts'

export class ParkedRelief implements Disposable {
  readonly #account: MemoryAccount
  readonly #clock: Clock
  #timer: Timer | undefined
  #shortSince = 0

  constructor(account: MemoryAccount, clock: Clock) {
    this.#account = account
    this.#clock = clock
  }

  /** Memory has become short, or is ample again. */
  setShort(isShort: boolean): void {
    if (!isShort) {
      this[Symbol.dispose]()
    } else if (this.#timer === undefined) {
      this.#shortSince = this.#clock.monotonic()
      this.#timer = this.#clock.every(memoryLimits.parkedReliefMs, () => this.#relieve())
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.stop()
    this.#timer = undefined
  }

  #relieve(): void {
    const shortMs = this.#clock.monotonic() - this.#shortSince
    if (shortMs < memoryLimits.parkedMsMax) return
    const largest = this.#account.largest('parked')
    if (largest === undefined || largest.sizes.parked < memoryLimits.smallInputSize) return
    largest.holder.onMemoryNeeded()
  }
}
