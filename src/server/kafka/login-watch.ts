// Connections that have not logged in. Each has some seconds for it, whatever it sends meanwhile; when
// there are too many, the oldest goes, so that silent ones lock nobody out.
import type { Clock, Timer } from '../../lib/clock.ts'

/** A connection that has not logged in. */
export interface Stranger {
  /** Ends it; `reason` is for the log. */
  refuse(reason: string): void
}

export interface LoginLimits {
  readonly loginMsMax: number
  readonly strangersMax: number
}

export class LoginWatch {
  readonly #clock: Clock
  readonly #limits: LoginLimits
  /** In the order in which they came, with what ends them. */
  readonly #strangers = new Map<Stranger, Timer>()

  constructor(clock: Clock, limits: LoginLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  add(stranger: Stranger): void {
    const { loginMsMax, strangersMax } = this.#limits
    const timer = this.#clock.after(loginMsMax, () => {
      this.#refuse(stranger, `no login within ${loginMsMax / 1000} s`)
    })
    this.#strangers.set(stranger, timer)
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size <= strangersMax || oldest === undefined) return
    this.#refuse(oldest, `more than ${strangersMax} connections without a login`)
  }

  /** It has logged in, or it is gone. */
  remove(stranger: Stranger): void {
    this.#strangers.get(stranger)?.stop()
    this.#strangers.delete(stranger)
  }

  #refuse(stranger: Stranger, reason: string): void {
    this.remove(stranger)
    stranger.refuse(reason)
  }
}
