// What a failed write to the data folder leads to: whoever watches is told, and a full disk costs
// the reserve.
import type { Clock } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { DiskSpace } from './disk-space.ts'
import { isOutOfSpace } from './wal-writer.ts'

export interface DiskTroubleOptions {
  readonly clock: Clock
  readonly events: LogStoreEvents
  /** Asked for only when something failed. */
  readonly diskSpace: () => DiskSpace
}

export class DiskTrouble {
  readonly #options: DiskTroubleOptions

  constructor(options: DiskTroubleOptions) {
    this.#options = options
  }

  /** A write failed; whoever wrote tries again. */
  report(error: Error): void {
    const { events, diskSpace } = this.#options
    if (isOutOfSpace(error)) diskSpace().onOutOfSpace()
    events.onTrouble?.(error)
  }

  /** The same; resolves when it is time to try again. */
  reportAndWait(error: Error): Promise<void> {
    this.report(error)
    return new Promise((resolve) => {
      this.#options.clock.after(logLimits.diskRetryMs, resolve)
    })
  }
}
