// A broker that is a node of a cluster on this machine: a process with ports of its own, and what it says of itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { wait } from '../../lib/wait.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'
import type { NodePorts } from './node-ports.ts'

/** Beside this file, in sources and in what is built of them. */
const extension = path.extname(import.meta.filename)
const mainFile = path.join(import.meta.dirname, `../../main${extension}`)

/**
 * - `starts`: nobody knows yet what becomes of it.
 * - `serves`: it takes clients, for whichever node.
 * - `stops`: it was asked to, and gives its cells away.
 * - `ended`: there is no such process.
 */
export type NodeState = 'starts' | 'serves' | 'stops' | 'ended'

export interface DevNodeOptions {
  readonly clock: Clock
  readonly name: string
  /** Its own, at each of its starts. */
  readonly ports: NodePorts
  /** Its own: data and the ready file. */
  readonly folder: string
  readonly logFile: string
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Its log says that it serves a cell. */
  readonly onServes: (node: DevNode, cell: number, epoch: number) => void
  readonly onEnd: (node: DevNode, how: string) => void
}

/** What a node says when it has opened a cell. */
const servesCell = / serves cell (\d+) \(epoch (\d+),/

export class DevNode {
  readonly name: string
  readonly logFile: string
  readonly #options: DevNodeOptions
  #child: ChildProcess | undefined
  #state: NodeState = 'ended'
  #startedAt = 0
  #endedAt = 0
  #failureCount = 0
  #logPosition = 0
  /** Of a line that is not all there. */
  #logRest = ''

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

  get ports(): NodePorts {
    return this.#options.ports
  }

  get endedAt(): number {
    return this.#endedAt
  }

  /** How often in a row it ended with an error soon after its start. */
  get failureCount(): number {
    return this.#failureCount
  }

  launch(): void {
    const { clock, folder, logFile, flags, environment, ports } = this.#options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    rmSync(this.#readyFile, { force: true })
    const log = openSync(logFile, 'a')
    this.#logPosition = fstatSync(log).size
    this.#logRest = ''
    const listening = Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, `${port}`])
    const own = ['--data', path.join(folder, 'data'), '--ready-file', this.#readyFile]
    const more = ['--node-name', this.name, '--log-format', 'human']
    const all = [...own, ...more, ...listening, ...flags]
    const child = spawn(process.execPath, [mainFile, 'start', ...all], {
      cwd: folder,
      // Ctrl-C is for us: PostgreSQL stops after the nodes.
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
  }

  /** Reads what the process has written. */
  look(): void {
    if (this.#state === 'ended') return
    if (this.#state === 'starts' && this.#isReady()) this.#state = 'serves'
    for (const line of this.#newLines()) {
      if (line.includes(' stopping: ')) this.#state = 'stops'
      const [, cell, epoch] = servesCell.exec(line) ?? []
      if (cell !== undefined) this.#options.onServes(this, Number(cell), Number(epoch))
    }
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
    // What it said last.
    this.look()
    this.#endedAt = clock.monotonic()
    const isSoon = this.#endedAt - this.#startedAt < clusterDevLimits.failedWithinMs
    this.#failureCount = isFailure && isSoon ? this.#failureCount + 1 : 0
    // Whoever is told wants to know what it was.
    onEnd(this, how)
    this.#state = 'ended'
  }

  #newLines(): string[] {
    const log = openSync(this.logFile, 'r')
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(log).size - this.#logPosition))
      const size = readSync(log, bytes, 0, bytes.length, this.#logPosition)
      this.#logPosition += size
      const lines = (this.#logRest + bytes.toString('utf8', 0, size)).split('\n')
      this.#logRest = lines.pop() ?? ''
      return lines
    } finally {
      closeSync(log)
    }
  }

  /** The file is renamed into its place, so nobody sees half of it. */
  #isReady(): boolean {
    try {
      const { pid } = JSON.parse(readFileSync(this.#readyFile, 'utf8')) as { readonly pid: number }
      return pid === this.pid
    } catch {
      return false
    }
  }
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `was ended by ${signal}`
  return code === 0 ? 'has stopped' : `has ended with exit code ${code}`
}

/** One that lost its name, or whose folder is still in use, is no worse for it. */
function isFailure(code: number | null): boolean {
  return code !== null && code !== exitCodes.ok && code !== exitCodes.tryLater
}
