// A broker that is a node of a cluster on this machine: a process, what it says of itself, and where it listens.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { wait } from '../../lib/wait.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'

/** Beside this file, in sources and in what is built of them. */
const extension = path.extname(import.meta.filename)
const mainFile = path.join(import.meta.dirname, `../../main${extension}`)

/**
 * - `starts`: nobody knows yet what becomes of it.
 * - `stands by`: it takes over when the one that serves is gone.
 * - `serves`: clients are led to it.
 * - `replaced`: it served, and another one does: it was too slow, and ends when it learns of that.
 * - `ended`: there is no such process.
 */
export type NodeState = 'starts' | 'stands by' | 'serves' | 'replaced' | 'ended'

export interface NodePorts {
  readonly amqp: number
  readonly kafka: number
  readonly http: number
}

export interface DevNodeOptions {
  readonly clock: Clock
  readonly name: string
  /** Its own: data and the ready file. */
  readonly folder: string
  readonly logFile: string
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onEnd: (node: DevNode, how: string) => void
}

export class DevNode {
  readonly name: string
  readonly logFile: string
  readonly #options: DevNodeOptions
  #child: ChildProcess | undefined
  #state: NodeState = 'ended'
  #startedAt = 0
  #endedAt = 0
  #ownedAt: number | undefined
  #ports: NodePorts | undefined
  #failureCount = 0
  #logPosition = 0

  constructor(options: DevNodeOptions) {
    this.#options = options
    this.name = options.name
    this.logFile = options.logFile
  }

  get state(): NodeState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Of a node that serves. */
  get ports(): NodePorts | undefined {
    return this.#state === 'serves' ? this.#ports : undefined
  }

  /** When it said that it owns the cell, in monotonic milliseconds. */
  get ownedAt(): number | undefined {
    return this.#ownedAt
  }

  get endedAt(): number {
    return this.#endedAt
  }

  /** How often in a row it ended with an error soon after its start. */
  get failureCount(): number {
    return this.#failureCount
  }

  launch(): void {
    const { clock, folder, logFile, flags, environment } = this.#options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    rmSync(this.#readyFile, { force: true })
    const log = openSync(logFile, 'a')
    this.#logPosition = fstatSync(log).size
    const own = ['--data', path.join(folder, 'data'), '--ready-file', this.#readyFile]
    const more = ['--node-name', this.name, '--log-format', 'human']
    const child = spawn(process.execPath, [mainFile, 'start', ...own, ...more, ...flags], {
      cwd: folder,
      // Ctrl-C is for us: the one that serves stops last.
      detached: true,
      env: { ...environment, PABAL_PARENT_PID: `${process.pid}` },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.on('error', () => this.#onExit('could not be started', false))
    child.once('exit', (code, signal) => this.#onExit(howItEnded(code, signal), isFailure(code)))
    this.#child = child
    this.#state = 'starts'
    this.#startedAt = clock.monotonic()
    this.#ownedAt = undefined
  }

  /** Reads what the process has written. */
  look(): void {
    if (this.#state !== 'starts' && this.#state !== 'stands by') return
    const said = this.#newInLog()
    if (said.includes(' stands by: ')) this.#state = 'stands by'
    if (said.includes(' owns cell ')) this.#ownedAt = this.#options.clock.monotonic()
    this.#ports = this.#readReady()
    if (this.#ports !== undefined) this.#state = 'serves'
  }

  /** Another one serves. */
  replace(): void {
    if (this.#state === 'serves') this.#state = 'replaced'
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    const { clock } = this.#options
    const sentAt = clock.monotonic()
    // Somebody may have made it stand still.
    this.#child?.kill('SIGCONT')
    this.#child?.kill('SIGTERM')
    while (this.#state !== 'ended') {
      if (clock.monotonic() - sentAt > clusterDevLimits.nodeStopMsMax) this.kill()
      await wait(clock, clusterDevLimits.lookMs)
    }
  }

  kill(): void {
    if (this.#state !== 'ended') this.#child?.kill('SIGKILL')
  }

  get #readyFile(): string {
    return path.join(this.#options.folder, 'ready.json')
  }

  #onExit(how: string, isFailure: boolean): void {
    if (this.#state === 'ended') return
    const { clock, onEnd } = this.#options
    this.#endedAt = clock.monotonic()
    const isSoon = this.#endedAt - this.#startedAt < clusterDevLimits.failedWithinMs
    this.#failureCount = isFailure && isSoon ? this.#failureCount + 1 : 0
    // Whoever is told wants to know what it was.
    onEnd(this, how)
    this.#state = 'ended'
  }

  #newInLog(): string {
    const log = openSync(this.logFile, 'r')
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(log).size - this.#logPosition))
      const size = readSync(log, bytes, 0, bytes.length, this.#logPosition)
      this.#logPosition += size
      return bytes.toString('utf8', 0, size)
    } finally {
      closeSync(log)
    }
  }

  /** It is renamed into its place, so nobody sees half of it. */
  #readReady(): NodePorts | undefined {
    try {
      const { pid, amqp, kafka, http } = JSON.parse(readFileSync(this.#readyFile, 'utf8')) as {
        readonly pid: number
      } & Readonly<Record<keyof NodePorts, { readonly port: number }>>
      if (pid !== this.pid) return undefined
      return { amqp: amqp.port, kafka: kafka.port, http: http.port }
    } catch {
      return undefined
    }
  }
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `was ended by ${signal}`
  return code === 0 ? 'has stopped' : `has ended with exit code ${code}`
}

/** One that lost its cell, or whose folder is still in use, is no worse for it. */
function isFailure(code: number | null): boolean {
  return code !== null && code !== exitCodes.ok && code !== exitCodes.tryLater
}
