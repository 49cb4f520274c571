// Follows what changes at the home of topics, round by round, and tries again as long as the home is away.
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { wait } from '../../lib/wait.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { FollowedVersion, HomeVersion } from '../calls/calls.ts'
import { HomeNotice } from './home-notice.ts'

export interface HomeFollowerParts {
  /** What is followed, as a sentence begins: `Changes of topics`. */
  readonly what: string
  /** Asks the home for what has changed since, and does it. Rejects with `CallError` when the home is away. */
  readonly round: (followed: FollowedVersion, signal: AbortSignal) => Promise<HomeVersion>
  readonly clock: Clock
  readonly logger: Logger
}

export class HomeFollower implements AsyncDisposable {
  readonly #parts: HomeFollowerParts
  readonly #end = new AbortController()
  readonly #notice: HomeNotice
  readonly #following: Promise<void>

  constructor(parts: HomeFollowerParts) {
    this.#parts = parts
    this.#notice = new HomeNotice(parts)
    this.#following = this.#follow()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    this.#notice[Symbol.dispose]()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { round, clock } = this.#parts
    const { signal } = this.#end
    let followed: FollowedVersion = { since: -1, homeEpoch: -1 }
    while (!signal.aborted) {
      try {
        const { version, homeEpoch } = await round(followed, signal)
        this.#notice.onAnswer()
        followed = { since: version, homeEpoch }
      } catch (error) {
        if (signal.aborted) return
        this.#notice.onFailed(error as Error)
        await wait(clock, clusterHttpLimits.topicsRetryMs, signal)
      }
    }
  }
}
