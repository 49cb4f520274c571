// A program of an example, run as a person would, its output read line by line.

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { waitFor, within } from '../support/wait-for.ts'

const PROGRAM_MS = 30_000

/** One running child process; disposing kills it. */
export class ExampleProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<number | null>
  #stdout = ''
  #stderr = ''

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** Whole lines written to stdout so far. */
  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1)
  }

  /** Waits until `condition` holds for the lines on stdout. */
  async printed(what: string, condition: (lines: readonly string[]) => boolean): Promise<void> {
    await waitFor(what, () => condition(this.lines), PROGRAM_MS).catch((error: Error) => {
      throw new Error(
        `${error.message}\nlast lines: ${this.lines.slice(-5).join(' | ')}\n${this.#stderr}`,
      )
    })
  }

  /** Resolves when the program has ended by itself. @throws Error when its exit code is not 0. */
  async succeeded(): Promise<void> {
    const code = await within('program ends', this.#ended, PROGRAM_MS)
    if (code !== 0) throw new Error(`Program ended with ${code}:\n${this.#stdout}${this.#stderr}`)
  }

  /** SIGTERM; resolves when the program has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await within('program ends on SIGTERM', this.#ended, PROGRAM_MS)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /**
   * SIGKILL at the moment that `condition` holds for the lines on stdout, in the middle of what it does
   * next; resolves when it is gone.
   * @throws Error when it does not come to that.
   */
  async killedWhen(what: string, condition: (lines: readonly string[]) => boolean): Promise<void> {
    const look = (): void => {
      if (condition(this.lines)) this.#child.kill('SIGKILL')
    }
    this.#child.stdout.on('data', look)
    look()
    await within(what, this.#ended, PROGRAM_MS)
    if (!condition(this.lines))
      throw new Error(`It ended by itself before: ${what}\n${this.#stderr}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
