// A program that copies a topic in transactions: how many it has committed, what it says of calls that take long, and
// the log of its library, in a file for each round.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Preparation } from '../interop/languages.ts'
import { waitFor } from '../support/wait-for.ts'

/** What is left is taken first. */
const endMsMax = 120_000

interface CopyOptions {
  readonly args: readonly string[]
  /** What librdkafka is to say: its `debug`. */
  readonly debug: string
  /** More of its settings, as JSON. */
  readonly settings: string
  readonly say: (text: string) => void
}

export class CopyProgram {
  readonly #child: ChildProcessWithoutNullStreams
  #log: number | undefined
  #committed = 0
  #last = 'no report'

  constructor(
    { command, args, env }: Exclude<Preparation, { missing: string }>,
    { args: more, debug, settings, say }: CopyOptions,
  ) {
    this.#child = spawn(command, [...args, ...more], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env, COPYING_DEBUG: debug, COPYING_SETTINGS: settings },
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      if (this.#log !== undefined) writeSync(this.#log, chunk)
    })
    createInterface(this.#child.stdout).on('line', (line) => {
      if (/^\d+$/.test(line)) this.#committed = Number(line)
      else say(`client: ${line.slice(0, 300)}`)
      if (line.startsWith('{"step"') || line.startsWith('{"result"')) this.#last = line
    })
  }

  get committed(): number {
    return this.#committed
  }

  /** What it has said in the end. */
  get last(): string {
    return this.#last
  }

  logTo(file: string): void {
    if (this.#log !== undefined) closeSync(this.#log)
    this.#log = openSync(file, 'w')
  }

  async hasCommitted(more: number, msMax: number): Promise<boolean> {
    const wanted = this.#committed + more
    try {
      await waitFor('transactions', () => this.#isGone || this.#committed >= wanted, msMax)
      return !this.#isGone
    } catch {
      return false
    }
  }

  async finish(): Promise<void> {
    this.#child.stdin.end()
    await waitFor('its end', () => this.#isGone, endMsMax)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  get #isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}
