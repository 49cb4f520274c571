// Says in the log that the home cannot be followed, once it is away for longer than a move takes, and that it is back.
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { RepeatedNotice } from '../../lib/repeated-notice.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { spreadLimits } from '../../limits/spread.ts'
import { CallError } from '../calls/call-error.ts'

export interface HomeNoticeParts {
  /** What is followed, as a sentence begins: `Changes of topics`. */
  readonly what: string
  readonly clock: Clock
  readonly logger: Logger
}

export class HomeNotice implements Disposable {
  readonly #parts: HomeNoticeParts
  readonly #repeated: RepeatedNotice
  /** Undefined when the home has answered last. */
  #awaySince: number | undefined
  #isTold = false

  constructor(parts: HomeNoticeParts) {
    this.#parts = parts
    this.#repeated = new RepeatedNotice(parts.clock, clusterLimits.noticeMs)
  }

  onFailed(error: Error): void {
    const { what, clock, logger } = this.#parts
    if (!(error instanceof CallError)) {
      this.#repeated.tell('fault', () => {
        logger.error({ err: error }, `${what} cannot be followed; it is tried again`)
      })
      return
    }
    const now = clock.monotonic()
    this.#awaySince ??= now
    // The home moves: that takes a moment.
    if (this.#isTold || now - this.#awaySince < spreadLimits.awayMs) return
    this.#isTold = true
    logger.warn(
      `${what} are not known here, and it is tried again: ${error.message}. Look at the node that has the virtual host /`,
    )
  }

  onAnswer(): void {
    this.#awaySince = undefined
    if (!this.#isTold) return
    this.#isTold = false
    this.#parts.logger.info(`${this.#parts.what} are known here again`)
  }

  [Symbol.dispose](): void {
    this.#repeated.close()
  }
}
