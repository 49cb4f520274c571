// Runs a client program and reads the JSON lines it prints, one per step.

import { spawn } from 'node:child_process'

const PROGRAM_MS = 300_000

/** What a program said about one step. */
export interface StepReport {
  readonly step: string
  readonly result?: unknown
  readonly error?: string
}

export interface ClientRun {
  readonly reports: ReadonlyMap<string, StepReport>
  /** How it ended and what it wrote to stderr, for steps that it did not report. */
  readonly ending: string
}

/** Runs it to its end, at most five minutes, with `env` added to the environment. */
export async function runClient(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ClientRun> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PROGRAM_MS,
    env: { ...process.env, ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ending = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}`))
  })
  const reports = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as StepReport)
  return {
    reports: new Map(reports.map((report) => [report.step, report])),
    ending: `${ending}\n${stderr.slice(-4000)}`,
  }
}
