// A broker that a command starts, kills and may start again, on a folder of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { wait } from '../../lib/wait.ts'
import { crashTestLimits } from '../../limits/crash-test.ts'
import { otherPortsOff } from '../other-ports-off.ts'

/** Beside this file, in sources and in what is built of them. */
const extension = path.extname(import.meta.filename)
const mainFile = path.join(import.meta.dirname, `../../main${extension}`)

const amqpAlone = '--amqp-port 0 --http-port off --kafka-port off'.split(' ').concat(otherPortsOff)

export class OwnBroker {
  readonly #clock: Clock
  readonly #folder: string
  readonly #ports: readonly string[]
  #child: ChildProcess | undefined
  #output = ''
  #url = ''

  /** `folder` is there, and nobody else's; `ports` are flags. */
  constructor(clock: Clock, folder: string, ports: readonly string[] = amqpAlone) {
    this.#clock = clock
    this.#folder = folder
    this.#ports = ports
  }

  /** Where it listens, and who logs in; another one after each start. */
  get url(): string {
    return this.#url
  }

  get dataFolder(): string {
    return path.join(this.#folder, 'data')
  }

  get isGone(): boolean {
    const child = this.#child
    return child === undefined || child.exitCode !== null || child.signalCode !== null
  }

  /** Resolves with how many milliseconds it took to be ready. Rejects with an `ExitError`. */
  async start(): Promise<number> {
    const startedAt = this.#clock.monotonic()
    this.launch()
    const readyFile = this.#readyFile
    for (;;) {
      const port = portIn(readyFile)
      const tookMs = this.#clock.monotonic() - startedAt
      if (port !== undefined) {
        this.#url = `amqp://guest:guest@127.0.0.1:${port}`
        return tookMs
      }
      if (this.isGone || tookMs > crashTestLimits.startMsMax) {
        const how = this.isGone ? 'ended before it was ready' : 'is not ready after a minute'
        throw new ExitError(exitCodes.software, `the broker ${how}; it said:\n${this.#output}`)
      }
      await wait(this.#clock, crashTestLimits.readyLookMs)
    }
  }

  /** Starts it and waits for nothing. */
  launch(): void {
    const readyFile = this.#readyFile
    rmSync(readyFile, { force: true })
    this.#output = ''
    const data = ['--data', this.dataFolder, '--ready-file', readyFile]
    // Settings of whoever tests are for other brokers; pabal.yaml is not in this folder.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('PABAL_'))
    const env = { ...Object.fromEntries(others), PABAL_PARENT_PID: `${process.pid}` }
    const flags = [mainFile, 'start', ...data, ...this.#ports, '--log-level', 'warn']
    const child = spawn(process.execPath, flags, {
      cwd: this.#folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const keep = (text: Buffer): void => {
      this.#output = (this.#output + text.toString()).slice(-crashTestLimits.outputSizeMax)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    this.#child = child
  }

  /** With -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || this.isGone) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  get #readyFile(): string {
    return path.join(this.#folder, 'ready.json')
  }
}

/** It is renamed into its place, so that nobody sees half of it. */
function portIn(readyFile: string): number | undefined {
  try {
    const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as { amqp: { port: number } }
    return ready.amqp.port
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
