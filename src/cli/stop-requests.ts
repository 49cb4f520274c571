// When to stop: a signal, or the end of the process that started us.
import { constants } from 'node:os'
import type { Clock } from '../lib/clock.ts'
import { programLimits } from '../limits/program.ts'

/** What to do about it. */
export interface StopHandlers {
  /** Called once, at the first reason to stop. */
  readonly onStop: (reason: string) => void
  /** Called when somebody insists: a second signal, later than a doubled one would come. */
  readonly onForce: (exitCode: number) => void
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Starts listening for reasons to stop.
 *
 * A terminal sends Ctrl-C to the whole process group and npm passes it on as well, so a second signal
 * within a second is the same one. npm that is killed passes nothing on: `parentPid`, when given, is
 * watched, and the broker stops when it has another parent.
 */
export function watchStopRequests(
  clock: Clock,
  parentPid: number | undefined,
  handlers: StopHandlers,
): void {
  let firstAt: number | undefined
  const stop = (reason: string): void => {
    if (firstAt !== undefined) return
    firstAt = clock.monotonic()
    handlers.onStop(reason)
  }
  for (const signal of signals) {
    process.on(signal, () => {
      const isLater =
        firstAt !== undefined && clock.monotonic() - firstAt > programLimits.doubledSignalMs
      if (isLater) handlers.onForce(128 + constants.signals[signal])
      else stop(signal)
    })
  }
  if (parentPid === undefined) return
  const check = (): void => {
    if (process.ppid !== parentPid) stop('the parent process ended')
  }
  check()
  clock.every(programLimits.parentCheckMs, check)
}
