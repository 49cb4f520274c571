// A PostgreSQL of its own, in a scratch folder: it can be killed, started again, get a synchronous standby and be
// promoted. Its sync to the disk is off unless asked for: what a test kills is a process, not the machine.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { findPostgres, postgresUser } from '../../../src/cli/cluster-dev/find-postgres.ts'
import { freePort } from '../../../src/cli/cluster-dev/free-port.ts'
import { waitFor } from '../wait-for.ts'

const run = promisify(execFile)
const START_MS = 30_000
const asText = { getTypeParser: () => (value: string) => value }

const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  max_connections: '60',
  max_wal_senders: '4',
  wal_level: 'replica',
  wal_receiver_status_interval: '1s',
  shared_buffers: '32MB',
  autovacuum_naptime: '1s',
}

/** A server; killed, with its data, when it is disposed of. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #bin: string
  readonly #root: string
  readonly #extra: Readonly<Record<string, string>>
  #child: ChildProcess | undefined

  private constructor(bin: string, root: string, port: number, extra: Record<string, string>) {
    this.#bin = bin
    this.#root = root
    this.folder = join(root, 'data')
    this.port = port
    this.#extra = extra
  }

  /** Starts one that answers. */
  static async start(extra: Record<string, string> = {}): Promise<PostgresServer> {
    const server = await PostgresServer.#create(extra)
    const args = ['-D', server.folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N']
    await server.#program('initdb', [...args, '--locale=C'])
    await server.startAgain()
    return server
  }

  static async #create(extra: Record<string, string>): Promise<PostgresServer> {
    const bin = findPostgres()
    if (bin === undefined) throw new Error('PostgreSQL is not installed')
    const root = mkdtempSync(join(tmpdir(), 'pabal-postgres-'))
    const user = postgresUser()
    if (user) chownSync(root, user.uid, user.gid)
    cleanUpAfterUs(root)
    return new PostgresServer(bin, root, await freePort(), extra)
  }

  /** A place for a server whose folder somebody else makes, before `startAgain`. */
  static place(extra: Record<string, string> = {}): Promise<PostgresServer> {
    return PostgresServer.#create(extra)
  }

  /** Runs a script of a shell as PostgreSQL's user, with its programs on the path and this server as the one meant. */
  async script(text: string): Promise<void> {
    const env = {
      ...process.env,
      PATH: `${this.#bin}:${process.env['PATH'] ?? ''}`,
      PGHOST: '127.0.0.1',
      PGPORT: String(this.port),
      PGUSER: 'postgres',
    }
    await run('sh', ['-euc', text], { cwd: this.#root, env, ...postgresUser() })
  }

  get address(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`
  }

  /** A copy that follows this server, which from then on waits for it with each commit. */
  async addStandby(extra: Record<string, string> = {}): Promise<PostgresServer> {
    const standby = await PostgresServer.#create({ ...extra, cluster_name: 'standby' })
    const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres']
    const how = ['-D', standby.folder, '-X', 'stream', '-c', 'fast', '-R', '--no-sync']
    await standby.#program('pg_basebackup', [...how, ...from])
    await standby.startAgain()
    await this.requireStandby('standby')
    await waitFor('the standby is synchronous', async () => (await this.#syncState()) === 'sync')
    return standby
  }

  /** Names the standby that commits wait for; none waits for none. */
  async requireStandby(name: string): Promise<void> {
    await this.run(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`)
    await this.run('SELECT pg_reload_conf()')
    await waitFor(
      'the setting holds',
      async () => (await this.run('SHOW synchronous_standby_names')) === name,
    )
  }

  async startAgain(): Promise<void> {
    const all = { ...settings, ...this.#extra, port: String(this.port) }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#child = spawn(
      join(this.#bin, 'postgres'),
      ['-D', this.folder, '-k', this.#root, ...flags],
      { stdio: 'ignore', ...postgresUser() },
    )
    await waitFor('PostgreSQL answers', () => this.#answers(), START_MS)
  }

  /** All of its processes end at once, as with kill -9 of the machine. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    const backends = await this.#processes(child.pid ?? 0)
    child.kill('SIGKILL')
    for (const pid of backends) signalQuietly(pid, 'SIGKILL')
    await ended
  }

  /** All of its processes stand still: connections stay, and nobody answers. */
  async freeze(): Promise<void> {
    await this.#signalAll('SIGSTOP')
  }

  async thaw(): Promise<void> {
    await this.#signalAll('SIGCONT')
  }

  /** The standby becomes a primary that waits for nobody. */
  async promote(): Promise<void> {
    await this.#program('pg_ctl', ['-D', this.folder, 'promote', '-w', '-s'])
    await waitFor(
      'the standby is the primary',
      async () => (await this.run('SELECT pg_is_in_recovery()')) === 'f',
    )
  }

  /** What statements print in psql without its ornaments. @throws Error with what the server says. */
  async run(sql: string): Promise<string> {
    // Tests ask again and again: a program for each question would take half of the machine.
    const client = new pg.Client({ connectionString: this.address, types: asText })
    client.on('error', () => undefined)
    await client.connect()
    try {
      const answers = [await client.query({ text: sql, rowMode: 'array' })].flat()
      const rows = answers.flatMap(({ rows }) => rows as (string | null)[][])
      return rows
        .map((row) => row.join('|'))
        .join('\n')
        .trim()
    } finally {
      void client.end().catch(() => undefined)
    }
  }

  /** A new address with a database of its own on the same server. */
  async createDatabase(name: string): Promise<string> {
    await this.run(`CREATE DATABASE ${name}`)
    return `postgres://postgres@127.0.0.1:${this.port}/${name}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 })
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.run('SELECT 1')) === '1'
    } catch {
      return false
    }
  }

  #syncState(): Promise<string> {
    return this.run("SELECT sync_state FROM pg_stat_replication WHERE application_name = 'standby'")
  }

  async #program(name: string, args: readonly string[]): Promise<void> {
    await run(join(this.#bin, name), [...args], { cwd: this.#root, ...postgresUser() })
  }

  async #signalAll(signal: NodeJS.Signals): Promise<void> {
    const pid = this.#child?.pid
    if (pid === undefined) return
    for (const each of [pid, ...(await this.#processes(pid))]) signalQuietly(each, signal)
  }

  /** The server's own children: they outlive it for a while otherwise, and answer. */
  async #processes(parent: number): Promise<number[]> {
    try {
      const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(parent)])
      return stdout
        .split('\n')
        .map(Number)
        .filter((pid) => pid > 1)
    } catch {
      return []
    }
  }
}

/** A test that is killed itself leaves no server behind: this waits for the end of our side of a pipe. */
function cleanUpAfterUs(root: string): void {
  const script = `cat; pid=$(head -n 1 "$0/data/postmaster.pid") || exit
    grep -q "$0" "/proc/$pid/cmdline" && kill -9 "$pid"; sleep 1; rm -rf "$0"`
  const watch = spawn('sh', ['-c', script, root], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  const { stdin } = watch as { stdin: Partial<{ unref(): void }> | null }
  stdin?.unref?.()
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}
