// A command of the program, as a child process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const mainFile = join(import.meta.dirname, '../../src/main.ts')

/** How a command ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** So far. */
  readonly stdout: () => string
  readonly stderr: () => string
}

export function startPabal(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const child = spawn(process.execPath, [mainFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (part: string) => (output[stream] += part))
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  return { child, ended, stdout: () => output.stdout, stderr: () => output.stderr }
}

export function runPabal(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return startPabal(args, env).ended
}
