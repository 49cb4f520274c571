// Tells systemd how the broker is (sd_notify(3)), for units of Type=notify. Node has no datagram sockets of
// the file system, so `systemd-notify` says it, which comes with systemd itself (docs/decisions/0068): a
// process of some milliseconds at the start, at the end, and now and then for a watchdog.
import { spawn } from 'node:child_process'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Two signs of life a period: one may be late. */
const signsPerPeriod = 2

export class ServiceManager {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #watchdogMs: number | undefined
  #hasFailed = false

  constructor(environment: Environment, clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
    this.#watchdogMs = watchdogOf(environment)
  }

  /** The broker serves clients; from now on the watchdog hears of it while the event loop turns. */
  ready(status: string): void {
    this.#tell('READY=1', `STATUS=${status}`)
    if (this.#watchdogMs === undefined) return
    this.#clock.every(this.#watchdogMs / signsPerPeriod, () => this.#tell('WATCHDOG=1'))
  }

  /** `leftMs`: how long the end may take. */
  stopping(leftMs: number): void {
    this.#tell('STOPPING=1', 'STATUS=Stopping', `EXTEND_TIMEOUT_USEC=${leftMs * 1000}`)
  }

  #tell(...variables: string[]): void {
    const child = spawn('systemd-notify', variables, { stdio: 'ignore' })
    child.on('error', (error) => this.#onFailed(error.message))
    child.on('exit', (code) => {
      if (code !== 0 && code !== null) this.#onFailed(`it ended with ${code}`)
    })
  }

  #onFailed(reason: string): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#logger.warn(`systemd is not told how the broker is: systemd-notify: ${reason}`)
  }
}

/** Milliseconds after which systemd takes a silent broker for hanging. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | undefined {
  const ms = Number(WATCHDOG_USEC ?? 0) / 1000
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  return ms > 0 && isOurs ? ms : undefined
}
