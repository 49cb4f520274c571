// Runs the program as a person would, from the command line, and looks at what it says and how it ends.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Address } from '../../src/lib/listen.ts'
import { waitFor, within } from '../support/wait-for.ts'

const repository: string = path.join(import.meta.dirname, '../..')
const mainFile: string = path.join(repository, 'src/main.ts')

/** How a run ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What --ready-file holds. */
export interface ReadyFile {
  readonly pid: number
  readonly amqp?: Address
  readonly kafka?: Address
  readonly http?: Address
}

/** Settings of the environment that runs the tests must not reach the program. */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PABAL_'))
  return { ...Object.fromEntries(kept), ...extra }
}

/** A scratch folder that is deleted with the object. */
export class ScratchFolder implements Disposable {
  readonly path: string = mkdtempSync(path.join(tmpdir(), 'pabal-program-'))

  file(name: string): string {
    return path.join(this.path, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** One run of the program, killed when it is disposed of. */
export class BrokerProgram implements AsyncDisposable {
  readonly child: ChildProcess
  readonly #ended: Promise<Ending>
  stdout = ''
  stderr = ''

  constructor(child: ChildProcess) {
    this.child = child
    this.#ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** `node src/main.ts …` in `folder`. Only root can run it as another user. */
  static run(
    folder: ScratchFolder,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    userId?: number,
  ): BrokerProgram {
    const user = userId === undefined ? {} : { uid: userId, gid: userId }
    const options = { cwd: folder.path, env: cleanEnvironment(environment), ...user }
    return new BrokerProgram(spawn(process.execPath, [mainFile, ...args], options))
  }

  /** `npm start -- …` in the repository. */
  static npmStart(args: readonly string[]): BrokerProgram {
    const options = { cwd: repository, env: cleanEnvironment({}) }
    return new BrokerProgram(spawn('npm', ['start', '--', ...args], options))
  }

  /** Resolves when the process is gone and its output is read. */
  async ended(): Promise<Ending> {
    return within(`the program ends; it said:\n${this.stdout}${this.stderr}`, this.#ended, 20_000)
  }

  /** Resolves with the ready file once it is there. */
  async ready(readyFile: string): Promise<ReadyFile> {
    const look = (): boolean => existsSync(readyFile) || this.child.exitCode !== null
    await waitFor('the program is ready', look, 20_000)
    // What it said before that is in the pipes, and is read in this turn.
    await new Promise((resolve) => setImmediate(resolve))
    if (!existsSync(readyFile)) throw new Error(`ended before it was ready:\n${this.stderr}`)
    return JSON.parse(readFileSync(readyFile, 'utf8')) as ReadyFile
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }
}

/** Whether a process runs; one that only waits for its parent to read its exit code does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const stat = `/proc/${pid}/stat`
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
  } catch {
    // It ended, perhaps between the two looks.
    return false
  }
}
