// Runs a Pabal child process for a test, on free ports and a data folder of its own.
//
// 1. start: spawns `node src/main.ts` and watches for its ready file.
// 2. kill (SIGKILL) or stop (SIGTERM), then restart on the same data folder and the same port.
// 3. dispose: kills the process and deletes the data folder.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { amqpOnly } from './amqp-only.ts'
import { isOnThreeNodes, startThreeNodes } from './three-nodes.ts'
import { within } from './wait-for.ts'

const repository = join(import.meta.dirname, '../..')
const mainFile = join(repository, 'src/main.ts')
const poisonFile = pathToFileURL(join(repository, 'src/testing/poison-pages.ts')).href
/** With PABAL_TEST_VIA_RELAY=1 clients of AMQP are passed on as between the nodes of a cluster. */
const relayFlags: readonly string[] =
  process.env['PABAL_TEST_VIA_RELAY'] === '1'
    ? ['--import', pathToFileURL(join(repository, 'test/support/relayed/relay-hook.ts')).href]
    : []
const STARTUP_MS = 60_000

/** What the broker writes to its ready file, as far as tests need it. */
interface ReadyFile {
  readonly pid: number
  readonly amqp: { readonly host: string; readonly port: number }
  /** With `--kafka-port 0` among the flags. */
  readonly kafka?: { readonly host: string; readonly port: number }
  /** With `--http-port 0` among the flags. */
  readonly http?: { readonly host: string; readonly port: number }
  /** With `--mqtt-port 0` among the flags. */
  readonly mqtt?: { readonly host: string; readonly port: number }
  /** With `--stomp-port 0` among the flags. */
  readonly stomp?: { readonly host: string; readonly port: number }
  /** With `--kafka-tls-port 0` among the flags. */
  readonly 'kafka-tls'?: { readonly host: string; readonly port: number }
}

/** A started broker process. */
export class TestBroker implements AsyncDisposable {
  readonly #folder: string
  readonly #args: readonly string[]
  readonly #nodeFlags: readonly string[]
  #child: ChildProcess | undefined
  /** When the process is gone, and all that it wrote is read. */
  #closed: Promise<unknown> = Promise.resolve()
  #port = 0
  #kafkaPort = 0
  #httpPort = 0
  #mqttPort = 0
  #stompPort = 0
  #kafkaTlsPort = 0
  #readyFile: ReadyFile | undefined
  #output = ''
  /** Those of its cluster, from this one on. */
  #nodes: readonly TestBroker[] = [this]
  #cluster: AsyncDisposable | undefined

  private constructor(args: readonly string[], nodeFlags: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'pabal-test-'))
    this.#args = args
    this.#nodeFlags = nodeFlags
  }

  /**
   * Starts a broker with extra flags `args`, and Node's own, ready to be connected to. With PABAL_TEST_CLUSTER it is a
   * node of a cluster of three, and the others have the same flags.
   */
  static async start(
    args: readonly string[] = [],
    nodeFlags: readonly string[] = [],
    patienceMs: number = STARTUP_MS,
  ): Promise<TestBroker> {
    if (isOnThreeNodes() && !args.includes('--cluster')) return TestBroker.#startThree(args)
    const broker = new TestBroker(args, nodeFlags)
    try {
      await broker.restart(patienceMs)
    } catch (error) {
      await broker[Symbol.asyncDispose]()
      throw error
    }
    return broker
  }

  static async #startThree(args: readonly string[]): Promise<TestBroker> {
    const { nodes, cluster } = await startThreeNodes(args)
    const [broker] = nodes
    if (broker === undefined) throw new Error('a cluster without nodes')
    broker.#nodes = nodes
    broker.#cluster = cluster
    return broker
  }

  /** Itself and, in a cluster, the other nodes. */
  get nodes(): readonly TestBroker[] {
    return this.#nodes
  }

  /** URL with the default user. */
  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Where Kafka clients connect; the same after a restart. */
  get kafkaPort(): number {
    return this.#kafkaPort
  }

  /** Where the UI and the API are; the same after a restart. */
  get httpPort(): number {
    return this.#httpPort
  }

  /** Where MQTT clients connect; the same after a restart. */
  get mqttPort(): number {
    return this.#mqttPort
  }

  /** Where STOMP clients connect; the same after a restart. */
  get stompPort(): number {
    return this.#stompPort
  }

  get kafkaTlsPort(): number {
    return this.#kafkaTlsPort
  }

  /** Where a service listens, such as `stomp` with `--stomp-port 0` among the flags. */
  portOf(service: string): number {
    const address = this.#readyFile?.[service as 'amqp']
    if (address === undefined) throw new Error(`no ${service} among the flags`)
    return address.port
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Folder that outlives a restart. */
  get dataFolder(): string {
    return join(this.#folder, 'data')
  }

  /** Whether the process has ended by itself or was killed. */
  get isGone(): boolean {
    const child = this.#child
    return child === undefined || child.exitCode !== null || child.signalCode !== null
  }

  /** Everything the process wrote to stdout and stderr so far. */
  get output(): string {
    return this.#output
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM; resolves with the exit code when the process is gone. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** Starts the process again (or first) on the same data folder and, after the first start, ports. */
  async restart(patienceMs: number = STARTUP_MS): Promise<void> {
    const readyFile = join(this.#folder, 'ready.json')
    rmSync(readyFile, { force: true })
    const child = spawn(
      process.execPath,
      [
        '--import',
        poisonFile,
        ...relayFlags,
        ...this.#nodeFlags,
        mainFile,
        ...this.#flags(readyFile),
      ],
      {
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#child = child
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString()
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const ready = await this.#ready(child, readyFile, patienceMs)
    this.#readyFile = ready
    this.#port = ready.amqp.port
    this.#kafkaPort = ready.kafka?.port ?? 0
    this.#httpPort = ready.http?.port ?? 0
    this.#mqttPort = ready.mqtt?.port ?? 0
    this.#stompPort = ready.stomp?.port ?? 0
    this.#kafkaTlsPort = ready['kafka-tls']?.port ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const cluster = this.#cluster
    this.#cluster = undefined
    // It kills this node as well.
    if (cluster) return cluster[Symbol.asyncDispose]()
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #flags(readyFile: string): string[] {
    const ports = [...amqpOnly, '--amqp-port', String(this.#port)]
    const flags = ['--data', this.dataFolder, '--ready-file', readyFile, ...ports, ...this.#args]
    // Of a flag that is given twice the last counts.
    if (this.#kafkaPort !== 0) flags.push('--kafka-port', String(this.#kafkaPort))
    if (this.#httpPort !== 0) flags.push('--http-port', String(this.#httpPort))
    if (this.#mqttPort !== 0) flags.push('--mqtt-port', String(this.#mqttPort))
    if (this.#stompPort !== 0) flags.push('--stomp-port', String(this.#stompPort))
    return flags
  }

  async #ready(child: ChildProcess, readyFile: string, patienceMs: number): Promise<ReadyFile> {
    const stopWatching = new AbortController()
    const exited = once(child, 'exit', { signal: stopWatching.signal }).then(([code, signal]) => {
      throw new Error(`Broker ended (${code ?? signal}) before it was ready:\n${this.#output}`)
    })
    try {
      const written = fileWritten(this.#folder, readyFile, stopWatching.signal)
      return await within(
        'broker writes its ready file',
        Promise.race([written, exited]),
        patienceMs,
      )
    } finally {
      stopWatching.abort()
      exited.catch(() => {})
    }
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (!child) return null
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await within(`broker ends on ${signal}`, this.#closed)
    return child.exitCode
  }
}

function fileWritten(folder: string, file: string, signal: AbortSignal): Promise<ReadyFile> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const ready = readReadyFile(file)
      if (ready) resolve(ready)
    }
    const watcher = watch(folder, { signal }, look)
    watcher.on('error', reject)
    look()
  })
}

/** Undefined while the file is missing or half written. */
function readReadyFile(file: string): ReadyFile | undefined {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ReadyFile
  } catch {
    return undefined
  }
}
