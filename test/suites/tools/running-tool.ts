// A tool as a process of its own, and what it answers over HTTP.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from '../../support/wait-for.ts'

const START_MS = 60_000
/** No tool that is tried listens there by default. */
const port = 19_308

/** Where tools are told to listen. */
export const toolAddress: string = `127.0.0.1:${port}`

/** A started tool, killed when it is disposed of. */
export class RunningTool implements AsyncDisposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
  }

  /**
   * Starts it in the folder of the suite and waits until it answers at `path`.
   * @throws Error with what it said when it does not.
   */
  static async start(
    [command = '', ...args]: readonly string[],
    path: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningTool> {
    const child = spawn(command, args, { env: { ...process.env, ...env } })
    const tool = new RunningTool(child)
    try {
      const answers = async (): Promise<boolean> =>
        child.exitCode !== null || (await tool.ask(path).catch(() => undefined)) !== undefined
      await waitFor(`${command} answers`, answers, START_MS)
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`)
      return tool
    } catch (error) {
      await tool[Symbol.asyncDispose]()
      throw new Error(`${(error as Error).message}\n${tool.output}`, { cause: error })
    }
  }

  /** What it wrote so far. */
  get output(): string {
    return this.#output
  }

  /** The text at a path. @throws Error when it answers with another status than 200. */
  async ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const response = await fetch(`http://${toolAddress}${path}`, { headers })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`)
    return text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Values of the samples in Prometheus's format that begin with `prefix`, by name and labels. */
export function samples(text: string, prefix: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line.startsWith(prefix))
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    }),
  )
}
