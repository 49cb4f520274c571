// Sees when the folder of data files is gone: deleted, moved away or unmounted. Files that are open
// can still be written then, and nobody would ever find what is in them.
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Disk } from './disk.ts'

export interface FolderWatchOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly path: string
  readonly onGone: () => void
  readonly onTrouble: (error: Error) => void
}

export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #timer: Timer
  #identity: string | undefined
  #lookedAt = -Infinity
  #isClosed = false

  constructor(options: FolderWatchOptions) {
    this.#options = options
    this.#timer = options.clock.every(logLimits.diskCheckIntervalMs, () => this.#look())
    this.#look()
  }

  /** Something is about to be confirmed: looks now and then, without holding it up. */
  onWritten(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#lookedAt >= logLimits.folderLookMs) this.#look()
  }

  close(): void {
    this.#isClosed = true
    this.#timer.stop()
  }

  #look(): void {
    const { disk, clock, path, onTrouble } = this.#options
    this.#lookedAt = clock.monotonic()
    disk.identityOf(path).then((identity) => this.#compare(identity), onTrouble)
  }

  #compare(identity: string | undefined): void {
    this.#identity ??= identity
    if (this.#isClosed || (identity !== undefined && identity === this.#identity)) return
    this.close()
    this.#options.onGone()
  }
}
