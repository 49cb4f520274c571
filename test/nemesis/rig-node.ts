// A node of the rig: a process with ports of its own that stay, and links of its own to PostgreSQL and to the objects.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TcpProxy } from '../support/postgres/tcp-proxy.ts'
import { within } from '../support/wait-for.ts'
import { bugs } from './bugs.ts'

const repository = join(import.meta.dirname, '../..')
const mainFile = join(repository, 'src/main.ts')
const smallFiles = pathToFileURL(join(repository, 'test/crash/small-files.ts')).href
const plant = pathToFileURL(join(import.meta.dirname, 'plant.ts')).href

export interface NodePorts {
  readonly amqp: number
  readonly kafka: number
  /** For other nodes. */
  readonly link: number
}

export interface RigNodeOptions {
  readonly name: string
  readonly ports: NodePorts
  readonly folder: string
  readonly postgresPorts: readonly [number, number]
  readonly objectsPort: number
  /** A mistake that is planted into it; see `bugs.ts`. */
  readonly bug: string | undefined
}

/** The links of a node. */
export interface RigLinks {
  readonly postgres: readonly [TcpProxy, TcpProxy]
  readonly objects: TcpProxy
  /** By which the others reach it. */
  readonly nodes: TcpProxy
}

export class RigNode {
  readonly name: string
  readonly ports: NodePorts
  readonly links: RigLinks
  readonly logFile: string
  readonly #options: RigNodeOptions
  #child: ChildProcess | undefined
  #isStopped = false

  private constructor(options: RigNodeOptions, links: RigLinks) {
    this.name = options.name
    this.ports = options.ports
    this.links = links
    this.#options = options
    mkdirSync(options.folder, { recursive: true })
    this.logFile = join(options.folder, 'log')
  }

  static async create(options: RigNodeOptions): Promise<RigNode> {
    const [first, second] = options.postgresPorts
    const postgres = [await TcpProxy.start(first), await TcpProxy.start(second)] as const
    const objects = await TcpProxy.start(options.objectsPort)
    const nodes = await TcpProxy.start(options.ports.link)
    return new RigNode(options, { postgres, objects, nodes })
  }

  get isGone(): boolean {
    const child = this.#child
    return child === undefined || child.exitCode !== null || child.signalCode !== null
  }

  /** Whether it has ever taken clients. */
  get hasBeenReady(): boolean {
    return (
      existsSync(this.logFile) && readFileSync(this.logFile).includes('Server startup complete')
    )
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  start(): void {
    if (!this.isGone) return
    const { name, folder, ports, bug } = this.#options
    const { postgres, objects, nodes } = this.links
    const hosts = postgres.map(({ port }) => `127.0.0.1:${port}`).join(',')
    const endpoint = encodeURIComponent(`http://127.0.0.1:${objects.port}`)
    const flags = {
      data: join(folder, 'data'),
      cluster: `postgres://postgres@${hosts}/postgres?schema=nemesis`,
      objects: `s3://bucket/nemesis?endpoint=${endpoint}`,
      'node-name': name,
      'amqp-port': `${ports.amqp}`,
      'kafka-port': `${ports.kafka}`,
      'node-port': `${ports.link}`,
      'node-address': `127.0.0.1:${nodes.port}`,
      'kafka-group-initial-rebalance-delay-ms': '0',
      'http-port': 'off',
      'metrics-port': 'off',
      'mqtt-port': 'off',
      'mqtt-ws-port': 'off',
      'stomp-port': 'off',
      'stomp-ws-port': 'off',
      'parent-pid': `${process.pid}`,
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    const preloads = [
      ...(bugs[bug ?? '']?.hasUsualFiles === true ? [] : [smallFiles]),
      ...(bug === undefined ? [] : [plant]),
    ]
    const imports = preloads.flatMap((file) => ['--import', file])
    const child = spawn(process.execPath, [...imports, mainFile, 'start', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(bug === undefined ? {} : { NEMESIS_BUG: bug }) },
    })
    const note = (bytes: Buffer): void => appendFileSync(this.logFile, bytes)
    child.stdout?.on('data', note)
    child.stderr?.on('data', note)
    child.on('error', () => undefined)
    this.#child = child
    this.#isStopped = false
  }

  /** At once, without waiting. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Of everything that is only here: the next start has PostgreSQL and the objects alone. */
  forgetFolder(): void {
    rmSync(join(this.#options.folder, 'data'), { recursive: true, force: true })
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || this.isGone) return
    const exited = once(child, 'exit')
    child.kill(signal)
    try {
      await within(`${this.name} ends on ${signal}`, exited, 30_000)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** It stands still. */
  pause(): void {
    this.#isStopped = true
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#isStopped = false
    this.#child?.kill('SIGCONT')
  }

  async dispose(): Promise<void> {
    if (this.#isStopped) this.resume()
    await this.end('SIGKILL')
    const { postgres, objects, nodes } = this.links
    for (const link of [...postgres, objects, nodes]) {
      link.flow()
      await link[Symbol.asyncDispose]()
    }
  }
}
