// A PostgreSQL of its own with logical decoding, from Debian's package.

import { execFileSync, type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../../../support/wait-for.ts'
import { freePort } from './connect-worker.ts'

const packages = '/usr/lib/postgresql'
const START_MS = 30_000

/** Folder of PostgreSQL's programs; undefined when there are none. */
export function findPostgres(): string | undefined {
  if (!existsSync(packages)) return undefined
  const folders = readdirSync(packages).map((version) => join(packages, version, 'bin'))
  return folders
    .filter((folder) => existsSync(join(folder, 'initdb')))
    .toSorted()
    .at(-1)
}

/** PostgreSQL does not run as root: its package has made a user for it. */
function owner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A server; killed, with its data, when it is disposed of. */
export class Postgres implements AsyncDisposable {
  readonly port: number
  readonly #bin: string
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(bin: string, folder: string, port: number) {
    this.#bin = bin
    this.#folder = folder
    this.port = port
    const settings = ['wal_level=logical', 'listen_addresses=127.0.0.1', 'fsync=off']
    const args = ['-D', folder, '-p', String(port), '-k', folder]
    const flags = settings.flatMap((setting) => ['-c', setting])
    this.#child = spawn(join(bin, 'postgres'), [...args, ...flags], {
      stdio: 'ignore',
      ...owner(),
    })
  }

  /** Starts one that answers. */
  static async start(bin: string): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-postgres-'))
    const as = owner()
    if (as) chownSync(folder, as.uid, as.gid)
    const args = ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N']
    execFileSync(join(bin, 'initdb'), args, { stdio: 'ignore', ...as })
    const server = new Postgres(bin, folder, await freePort())
    await waitFor('PostgreSQL answers', () => server.#answers(), START_MS)
    return server
  }

  /** What statements print. @throws Error with what the server says. */
  run(sql: string): string {
    const address = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres']
    const flags = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql]
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const options = { encoding: 'utf8' as const, stdio: [...stdio] }
    return execFileSync(join(this.#bin, 'psql'), [...address, ...flags], options).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGQUIT')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #answers(): boolean {
    try {
      return this.run('select 1') === '1'
    } catch {
      return false
    }
  }
}
