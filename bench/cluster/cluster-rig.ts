// A cluster on this machine for measurements: PostgreSQL that syncs, the S3 double with its requests counted, and
// nodes as processes of their own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { otherPortsOff } from '../../src/cli/other-ports-off.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { PostgresServer } from '../../test/support/postgres/postgres-server.ts'
import { waitFor } from '../../test/support/wait-for.ts'

const mainFile: string = path.join(import.meta.dirname, '../../src/main.ts')
const readyMsMax = 300_000

/** Requests to the store, by what they do. */
export type RequestCounts = Readonly<Record<string, number>>

export interface BenchNode {
  readonly name: string
  readonly pid: number
  readonly amqpPort: number
  readonly kafkaPort: number
  kill(): Promise<void>
}

export class ClusterRig implements AsyncDisposable {
  readonly postgres: PostgresServer
  readonly #folder: string
  readonly #objects: S3Double
  readonly #counts = new Map<string, number>()
  readonly #children = new Set<ChildProcess>()

  private constructor(postgres: PostgresServer, folder: string, objects: S3Double) {
    this.postgres = postgres
    this.#folder = folder
    this.#objects = objects
    objects.onRequest = (operation) => {
      this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1)
      return undefined
    }
  }

  static async open(): Promise<ClusterRig> {
    // The store takes any; the SDK looks for some.
    process.env['AWS_ACCESS_KEY_ID'] = 'bench'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'bench'
    const folder = mkdtempSync(path.join(tmpdir(), 'pabal-bench-cluster-'))
    const postgres = await PostgresServer.start({
      fsync: 'on',
      shared_buffers: '256MB',
      max_wal_size: '4GB',
      shared_preload_libraries: 'pg_stat_statements',
    })
    await postgres.run('CREATE EXTENSION pg_stat_statements')
    const objects = await S3Double.open({
      folder: path.join(folder, 's3'),
      clock: systemClock,
      random: systemRandom,
    })
    return new ClusterRig(postgres, folder, objects)
  }

  get requests(): RequestCounts {
    return Object.fromEntries(this.#counts)
  }

  /** Begins a node; resolves when it listens for AMQP, which a node that stands by may do much later. */
  async startNode(name: string, ports: Ports, isTiny = false): Promise<BenchNode> {
    const data = path.join(this.#folder, name)
    rmSync(data, { recursive: true, force: true })
    mkdirSync(data)
    const flags = [...this.#place(), '--node-name', name, '--node-port', '0']
    return this.#start(data, flags, ports, isTiny)
  }

  /** Has a single broker with tiny files fill its folder, which then becomes cell 0. */
  async importFolder(
    fill: (port: number, countFiles: () => number) => Promise<void>,
  ): Promise<void> {
    const data = path.join(this.#folder, 'single')
    mkdirSync(data)
    const single = await this.#start(data, ['--durability', 'os'], { amqp: 0, kafka: 0 }, true)
    await fill(single.amqpPort, () => readdirSync(path.join(data, 'wal')).length)
    await single.kill()
    const words = ['cluster', 'import', '--data', data, ...this.#place()]
    const child = spawn(process.execPath, [mainFile, ...words], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the import ended with ${String(code)}`)
  }

  #place(): string[] {
    const objects = `s3://bucket/bench?endpoint=${encodeURIComponent(this.#objects.url)}`
    return ['--cluster', this.postgres.address, '--objects', objects]
  }

  async #start(
    data: string,
    flags: readonly string[],
    ports: Ports,
    isTiny: boolean,
  ): Promise<BenchNode> {
    const readyFile = `${data}.ready`
    rmSync(readyFile, { force: true })
    const preload = pathToFileURL(path.join(import.meta.dirname, 'tiny-files.ts')).href
    const served = ['--amqp-port', String(ports.amqp), '--kafka-port', String(ports.kafka)]
    const closed = ['--http-port', 'off', ...otherPortsOff]
    const own = ['--data', data, '--ready-file', readyFile]
    const words = [mainFile, ...own, ...flags, ...served, ...closed]
    if (isTiny) words.unshift('--import', preload)
    // It stops with this process, however that ends.
    const env = { ...process.env, PABAL_PARENT_PID: String(process.pid) }
    const child = spawn(process.execPath, words, { stdio: 'ignore', env })
    this.#children.add(child)
    const ended = once(child, 'exit')
    const kill = async (): Promise<void> => {
      this.#children.delete(child)
      child.kill('SIGKILL')
      await ended
    }
    const ready = waitFor('it is ready', () => Promise.resolve(existsSync(readyFile)), readyMsMax)
    await Promise.race([ready, ended.then(() => Promise.reject(new Error('it ended')))])
    const { amqp, kafka } = JSON.parse(readFileSync(readyFile, 'utf8')) as {
      readonly amqp: { readonly port: number }
      readonly kafka: { readonly port: number }
    }
    const { pid = 0 } = child
    const name = path.basename(data)
    return { name, pid, amqpPort: amqp.port, kafkaPort: kafka.port, kill }
  }

  /** Resolves when each cell has an owner, and each of so many nodes has cells. */
  async waitUntilSpread(nodeCount: number): Promise<void> {
    await waitFor('the cells are spread', async () => {
      const sql =
        'SELECT count(*) FILTER (WHERE owner IS NULL), count(DISTINCT owner) FROM pabal.cells'
      return (await this.postgres.run(sql)) === `0|${nodeCount}`
    })
  }

  /** Name of the node that owns a cell. */
  ownerOf(cell: number): Promise<string> {
    const joined = 'pabal.cells JOIN pabal.nodes ON owner = node'
    return this.postgres.run(`SELECT name FROM ${joined} WHERE cell = ${cell}`)
  }

  /** Owners were killed by us, and not by what they read. */
  async forgetCrashes(): Promise<void> {
    await this.postgres.run("UPDATE pabal.cells SET crashes = '{}'")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#objects.close()
    await this.postgres[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export interface Ports {
  readonly amqp: number
  readonly kafka: number
}
