// A Java program of the class path that prepare-framework.ts makes: it is started, waited for, killed.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { waitFor } from '../../../support/wait-for.ts'

const START_MS = 60_000
/** What is kept of its output, for an error. */
const OUTPUT_CHARS = 200_000
const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const log = '-Dorg.slf4j.simpleLogger.'
const logFlags = [`${log}defaultLogLevel=warn`, `${log}showDateTime=true`]

/** Where and with what a program is started. */
export interface JavaStart {
  /** JVM flags besides those that keep it small. */
  readonly flags?: readonly string[]
  readonly folder?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A running program; killed when it is disposed of. */
export class JavaProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #output = ''

  constructor(main: readonly string[], start: JavaStart = {}) {
    const classes = process.env['INTEROP_CLASSES']
    const path = classes === undefined ? [] : ['-cp', classes]
    const args = [...flags, ...logFlags, ...(start.flags ?? []), ...path, ...main]
    this.#child = spawn('java', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: start.folder,
      env: { ...process.env, ...start.env },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.#output = `${this.#output}${chunk.toString()}`.slice(-OUTPUT_CHARS)
      })
  }

  /** The end of what it wrote. */
  get output(): string {
    return this.#output
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /**
   * Waits until `condition` holds.
   * @throws Error with what the program wrote when it ends or the time is over before.
   */
  async until<T>(
    what: string,
    condition: () => T | Promise<T>,
  ): Promise<Exclude<NonNullable<T>, false>> {
    try {
      const found = await waitFor(
        what,
        async () => {
          const found = await condition()
          if (!found && this.hasEnded) throw new Error(`the program ended before: ${what}`)
          return found
        },
        START_MS,
      )
      return found as Exclude<NonNullable<T>, false>
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.#output.slice(-6000)}`, { cause: error })
    }
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM; resolves with the exit code when it is gone. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM')
    return this.#child.exitCode
  }

  /** Resolves with the exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    if (!this.hasEnded) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }
}
