// Wrong logins are answered more slowly the more of them an address sends; right ones never wait, so
// that one client with an old password slows down nobody beside it.
//
// Per address there is one number: the time up to which its wrong logins have used up their answers.
// It runs at most some seconds ahead of the clock, and what the clock has passed need not be kept.
import type { Clock } from '../lib/clock.ts'
import { networkOf } from '../lib/network-of.ts'
import { authLimits } from '../limits/auth.ts'

const atOnceMs = authLimits.wrongLoginsAtOnce * authLimits.wrongLoginEveryMs
const aheadMsMax = atOnceMs + authLimits.wrongLoginWaitMsMax

export class LoginBrake {
  readonly #clock: Clock
  /** Network → the time up to which it has used up its answers; who came last stands last. */
  readonly #usedUpTo = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a wrong login from `remoteAddress`. How long its answer has to wait, in milliseconds. */
  onWrongLogin(remoteAddress: string): number {
    const network = networkOf(remoteAddress)
    const now = this.#clock.monotonic()
    const before = Math.max(now, this.#usedUpTo.get(network) ?? now)
    const usedUpTo = Math.min(before + authLimits.wrongLoginEveryMs, now + aheadMsMax)
    this.#keep(network, usedUpTo)
    return Math.max(0, usedUpTo - now - atOnceMs)
  }

  /** Those that came longest ago are forgotten first. */
  #keep(network: string, usedUpTo: number): void {
    this.#usedUpTo.delete(network)
    this.#usedUpTo.set(network, usedUpTo)
    if (this.#usedUpTo.size <= authLimits.wrongLoginAddressesMax) return
    for (const oldest of this.#usedUpTo.keys()) {
      this.#usedUpTo.delete(oldest)
      return
    }
  }
}
