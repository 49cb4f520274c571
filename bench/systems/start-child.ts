/**
 * Child processes whose output goes to a log file and which never outlive the benchmark: whatever is
 * still running when it ends, by any way but SIGKILL, is killed.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export type ChildOptions = {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly logFile: string
}

export type RunningChild = {
  readonly pid: number
  /** Just before it was started, `performance.now()`. */
  readonly startedAt: number
  /** Resolves once `isReady` says so; throws with the end of the log if the child ends first. */
  waitUntil(isReady: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void>
  stop(signal: NodeJS.Signals): Promise<void>
  /** The last lines of its log file. */
  logTail(): string
}

const POLL_MS = 5
const STOP_TIMEOUT_MS = 120_000
const running: Set<number> = new Set()

export function startChild(options: ChildOptions): RunningChild {
  const log = openSync(options.logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const { pid } = child
  let failure: Error | undefined
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error
      resolve()
    })
    child.once('exit', () => resolve())
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  if (pid !== undefined) running.add(pid)
  void ended.then(() => pid !== undefined && running.delete(pid))

  return {
    pid: pid ?? 0,
    startedAt,
    async waitUntil(isReady, timeoutMs): Promise<void> {
      const deadline = performance.now() + timeoutMs
      while (!(await isReady())) {
        if (failure !== undefined) throw failure
        if (hasEnded()) throw childError(options, 'ended before it was ready')
        if (performance.now() > deadline) throw childError(options, 'was not ready in time')
        await sleep(POLL_MS)
      }
    },
    async stop(signal): Promise<void> {
      if (!hasEnded()) child.kill(signal)
      const timeout = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(timeout)
    },
    logTail: () => logTail(options),
  }
}

/** Kills what is still running when this process ends. Call once. */
export function killChildrenAtExit(): void {
  process.once('exit', () => {
    for (const pid of running) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended on its own meanwhile.
      }
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
}

function childError(options: ChildOptions, what: string): Error {
  return new Error(`${options.command} ${options.args.join(' ')} ${what}:\n${logTail(options)}`)
}

function logTail({ logFile }: ChildOptions): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
