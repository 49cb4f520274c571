// A PostgreSQL of a cluster on this machine, in a folder of its own: made with the first start, and with a password,
// as everybody on this machine reaches its port. What it has committed is on the disk, and where it has a standby on
// that one's too.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { Random } from '../../lib/random.ts'
import { wait } from '../../lib/wait.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'
import type { PostgresUser } from './find-postgres.ts'
import { freePort } from './free-port.ts'
import { isProcess } from './is-process.ts'
import { lastLines } from './last-lines.ts'
import { guardProcess } from './process-guard.ts'

const run = promisify(execFile)
const login = 'pabal'
/** As a standby calls itself, and its primary knows it. */
const standbyName = 'standby'

/** Sockets of files would need short paths, and nobody else comes. */
const settings: Readonly<Record<string, string>> = {
  fsync: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
}

export interface OwnPostgresOptions {
  readonly clock: Clock
  readonly random: Random
  /** Folder with its programs. */
  readonly programs: string
  /** Undefined: whoever runs this. */
  readonly user: PostgresUser | undefined
  /** Is there, and the user's. */
  readonly folder: string
  readonly logFile: string
  /** It is the standby of this one. */
  readonly follows?: OwnPostgres
  /** Its commits wait for a standby. */
  readonly hasStandby?: boolean
  /** It has ended although nobody stopped it. */
  readonly onEnd: (how: string) => void
}

export class OwnPostgres {
  readonly #options: OwnPostgresOptions
  #child: ChildProcess | undefined
  #guard: Disposable | undefined
  #isStopping = false
  #port = 0

  constructor(options: OwnPostgresOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get folder(): string {
    return this.#options.folder
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Has the password. */
  get address(): string {
    return `postgres://${login}:${this.#password}@127.0.0.1:${this.#port}/postgres`
  }

  /** Makes its data unless they are there; those of a standby are a copy of its primary's. Rejects with an `ExitError`. */
  async prepare(): Promise<void> {
    const { follows } = this.#options
    if (follows !== undefined) this.#writeOwn(this.#passFile, `*:*:*:${login}:${follows.#password}`)
    if (existsSync(this.#data)) return
    // One that was not made to its end is made again.
    const unfinished = `${this.#data}.new`
    rmSync(unfinished, { recursive: true, force: true })
    if (follows === undefined) await this.#make(unfinished)
    else await this.#copy(follows, unfinished)
    renameSync(unfinished, this.#data)
  }

  /** Resolves when it answers, at the same port each time. Rejects with an `ExitError`. */
  async start(): Promise<void> {
    const { clock, programs, user, folder, logFile } = this.#options
    if (this.#port === 0) this.#port = await freePort()
    await this.#waitForEarlier()
    const flags = Object.entries({ ...settings, ...this.#roleSettings, port: `${this.#port}` })
    const log = openSync(logFile, 'a')
    const child = spawn(
      path.join(programs, 'postgres'),
      ['-D', this.#data, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Ctrl-C is for us: nodes stop before it.
      { cwd: folder, detached: true, stdio: ['ignore', log, log], ...user },
    )
    closeSync(log)
    this.#child = child
    const { pid } = child
    const { follows } = this.#options
    const after = follows === undefined ? undefined : follows.#pidFile
    const guard = pid === undefined ? undefined : guardProcess({ pid, user, after })
    this.#guard = guard
    let isReady = false
    child.on('error', () => undefined)
    child.once('exit', (code, signal) => {
      guard?.[Symbol.dispose]()
      if (isReady && !this.#isStopping) this.#options.onEnd(signal ?? `exit code ${code}`)
    })
    const startedAt = clock.monotonic()
    while (!this.#isReady()) {
      const isLate = clock.monotonic() - startedAt > clusterDevLimits.readyMsMax
      if (isLate || this.#isGone) throw this.#notStarted(lastLines(logFile))
      await wait(clock, clusterDevLimits.lookMs)
    }
    isReady = true
  }

  /** Resolves when it has ended: its clients are cut off, and what it has is on the disk. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const signal of ['SIGINT', 'SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      const { clock } = this.#options
      const sentAt = clock.monotonic()
      if (!this.#isGone) this.#child?.kill(signal)
      while (!this.#isGone && clock.monotonic() - sentAt < clusterDevLimits.postgresStopMsMax) {
        await wait(clock, clusterDevLimits.lookMs)
      }
    }
    this.#guard?.[Symbol.dispose]()
  }

  get #data(): string {
    return path.join(this.#options.folder, 'data')
  }

  get #pidFile(): string {
    return path.join(this.#data, 'postmaster.pid')
  }

  get #passwordFile(): string {
    return path.join(this.#options.folder, 'password')
  }

  get #password(): string {
    return readFileSync(this.#passwordFile, 'utf8').trim()
  }

  /** By which a standby logs in: in settings everybody on this machine would read the password. */
  get #passFile(): string {
    return path.join(this.#options.folder, 'passfile')
  }

  get #roleSettings(): Readonly<Record<string, string>> {
    const { follows, hasStandby = false } = this.#options
    if (follows === undefined) return hasStandby ? { synchronous_standby_names: standbyName } : {}
    const file = this.#passFile.replaceAll(/['\\]/g, String.raw`\$&`)
    const where = `host=127.0.0.1 port=${follows.port} user=${login}`
    return {
      primary_conninfo: `${where} passfile='${file}' application_name=${standbyName}`,
      wal_receiver_status_interval: '1s',
    }
  }

  get #isGone(): boolean {
    const child = this.#child
    return child?.pid === undefined || child.exitCode !== null || child.signalCode !== null
  }

  /** As its own `pg_ctl` sees it: in its file of a process, which has eight lines then. */
  #isReady(): boolean {
    const lines = this.#processFile()
    return lines[0] === `${this.#child?.pid}` && lines[7]?.trim() === 'ready'
  }

  /** One that lost who had started it ends a moment later. */
  async #waitForEarlier(): Promise<void> {
    const { clock } = this.#options
    const beganAt = clock.monotonic()
    while (clock.monotonic() - beganAt < clusterDevLimits.readyMsMax) {
      if (!isProcess(Number(this.#processFile()[0] ?? 0))) return
      await wait(clock, clusterDevLimits.lookMs)
    }
  }

  #processFile(): readonly string[] {
    try {
      return readFileSync(this.#pidFile, 'utf8').split('\n')
    } catch {
      return []
    }
  }

  async #make(data: string): Promise<void> {
    const { random } = this.#options
    this.#writeOwn(this.#passwordFile, random.bytes(16).toString('hex'))
    const how = ['-A', 'scram-sha-256', '--pwfile', this.#passwordFile, '-U', login]
    await this.#program('initdb', ['-D', data, '-E', 'UTF8', '--locale=C', ...how])
  }

  /** `-R` makes of it one that follows. */
  async #copy(primary: OwnPostgres, data: string): Promise<void> {
    const from = ['-h', '127.0.0.1', '-p', `${primary.port}`, '-U', login, '--no-password']
    await this.#program('pg_basebackup', ['-D', data, '-R', '-X', 'stream', '-c', 'fast', ...from])
  }

  /** For its user alone. */
  #writeOwn(file: string, line: string): void {
    const { user } = this.#options
    rmSync(file, { force: true })
    writeFileSync(file, `${line}\n`, { mode: 0o600, flag: 'wx' })
    if (user !== undefined) chownSync(file, user.uid, user.gid)
  }

  async #program(name: string, args: readonly string[]): Promise<void> {
    const { programs, folder, user } = this.#options
    const env = { ...process.env, PGPASSFILE: this.#passFile }
    try {
      await run(path.join(programs, name), [...args], { cwd: folder, env, ...user })
    } catch (error) {
      const { stderr = '', message } = error as { stderr?: string; message: string }
      throw this.#notStarted(stderr.trim().split('\n').at(-1) || message)
    }
  }

  #notStarted(why: string): ExitError {
    const { logFile } = this.#options
    const text = `PostgreSQL does not start: ${why}; see ${logFile}, or begin anew with --fresh`
    return new ExitError(exitCodes.unavailable, text)
  }
}
