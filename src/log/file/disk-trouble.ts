// What a failed read or write of the data folder leads to: whoever watches is told now and then, a
// full disk costs the reserve, and what cannot be mended ends the store.
import type { Clock, Timer } from '../../lib/clock.ts'
import { RepeatedNotice } from '../../lib/repeated-notice.ts'
import { logLimits } from '../../limits/log.ts'
import type { FullPlace } from '../full-place.ts'
import { LogError } from '../log-error.ts'
import type { LogStoreEvents } from '../log-store.ts'
import { DiskError, diskErrorKind } from './disk-error.ts'

export interface DiskTroubleOptions {
  readonly clock: Clock
  /** What fails, for people: "the data folder /data". */
  readonly place: string
  readonly events: LogStoreEvents
  /** A write found no space. */
  readonly onOutOfSpace: (place: FullPlace | undefined) => void
  /** The store has failed for good, before anybody is told. */
  readonly onFailed: () => void
}

export class DiskTrouble {
  readonly #options: DiskTroubleOptions
  readonly #notice: RepeatedNotice
  /** Runs from the first failure until a commit is durable. */
  #deadline: Timer | undefined
  #firstAt = 0
  #lastAt = 0
  #hasFailed = false
  /** Until whoever waits tries again. */
  readonly #pauses = new Set<Timer>()

  constructor(options: DiskTroubleOptions) {
    this.#options = options
    this.#notice = new RepeatedNotice(options.clock, logLimits.troubleNoticeMs)
  }

  /** Reading or writing failed; whoever did it tries again. */
  report(error: Error): void {
    const { clock, events, onOutOfSpace } = this.#options
    if (this.#hasFailed) return
    const kind = diskErrorKind(error)
    if (kind === 'fenced') {
      this.#fail(
        new LogError('fenced', `${this.#options.place} has another owner: ${error.message}`),
      )
      return
    }
    if (kind === 'full') {
      onOutOfSpace(error instanceof DiskError ? error.place : undefined)
    } else {
      this.#lastAt = clock.monotonic()
      if (this.#deadline === undefined) this.#startDeadline(error)
    }
    const { code = error.name } = error as NodeJS.ErrnoException
    this.#notice.tell(code, (count) => events.onTrouble?.(error, count))
  }

  /** The same; resolves when it is time to try again, and never once the store has failed. */
  reportAndWait(error: Error): Promise<void> {
    this.report(error)
    return new Promise((resolve) => {
      if (this.#hasFailed) return
      const pause = this.#options.clock.after(logLimits.diskRetryMs, () => {
        this.#pauses.delete(pause)
        resolve()
      })
      this.#pauses.add(pause)
    })
  }

  /** A commit is durable: the disk works. */
  onWritten(): void {
    if (this.#deadline === undefined) return
    this.#deadline.stop()
    this.#deadline = undefined
  }

  /** No file can be created. Some reasons do not go away by themselves. */
  onCannotCreate(error: Error): void {
    if (diskErrorKind(error) === 'hopeless')
      this.fail(`cannot be written any more (${error.message})`)
    else this.report(error)
  }

  /** Storage cannot be mended: `how` says what is wrong with the data folder. */
  fail(how: string): void {
    const advice = 'nothing more can be confirmed; mend it and start again'
    this.#fail(new LogError('io', `${this.#options.place} ${how}: ${advice}`))
  }

  /** Nobody is told of anything any more, and whoever waits does so for ever. */
  abandon(): void {
    this.#hasFailed = true
    this.close()
  }

  #fail(error: LogError): void {
    if (this.#hasFailed) return
    this.abandon()
    this.#options.onFailed()
    this.#options.events.onFailed?.(error)
  }

  close(): void {
    this.#notice.close()
    this.#deadline?.stop()
    for (const pause of this.#pauses) pause.stop()
    this.#pauses.clear()
  }

  #startDeadline(error: Error): void {
    this.#firstAt = this.#lastAt
    this.#waitUntilDeadline(logLimits.diskGiveUpMs, error)
  }

  #waitUntilDeadline(ms: number, error: Error): void {
    this.#deadline = this.#options.clock.after(ms, () => this.#onDeadline(error))
  }

  /** What fails is tried again within a second: when nothing has lately, it works again. */
  #onDeadline(error: Error): void {
    this.#deadline = undefined
    const now = this.#options.clock.monotonic()
    const left = this.#firstAt + logLimits.diskGiveUpMs - now
    if (now - this.#lastAt > logLimits.diskGiveUpMs / 10) return
    if (left > 0) this.#waitUntilDeadline(left, error)
    else this.fail(`has failed for ${logLimits.diskGiveUpMs / 1000} seconds (${error.message})`)
  }
}
