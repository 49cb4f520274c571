// A distributed worker of Kafka Connect, and its REST interface.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../../src/cli/cluster-dev/free-port.ts'
import { broker } from '../../node/report.ts'
import { JavaProcess } from './java-process.ts'

const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
const text = 'org.apache.kafka.connect.storage.StringConverter'

/** Settings of a worker or a connector. */
export type Settings = Readonly<Record<string, string>>

/** State of a connector and its tasks. */
export interface ConnectorStatus {
  readonly connector: { readonly state: string }
  readonly tasks: readonly {
    readonly id: number
    readonly state: string
    readonly worker_id: string
    readonly trace?: string
  }[]
}

/** Lines of a properties file. */
export function properties(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** One worker of the cluster `group`; killed, with its folder, when it is disposed of. */
export class ConnectWorker implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'pabal-connect-'))
  readonly port: number
  readonly #file: string = join(this.folder, 'worker.properties')
  #process: JavaProcess | undefined

  private constructor(port: number, settings: Settings) {
    this.port = port
    writeFileSync(this.#file, properties(settings))
  }

  /** Starts a worker; it answers when this resolves. */
  static async start(group: string, settings: Settings = {}): Promise<ConnectWorker> {
    const port = await freePort()
    const worker = new ConnectWorker(port, {
      'bootstrap.servers': broker,
      'group.id': group,
      'config.storage.topic': `${group}-configs`,
      'offset.storage.topic': `${group}-offsets`,
      'offset.storage.partitions': '5',
      'status.storage.topic': `${group}-status`,
      'config.storage.replication.factor': '1',
      'offset.storage.replication.factor': '1',
      'status.storage.replication.factor': '1',
      'key.converter': text,
      'value.converter': text,
      'offset.flush.interval.ms': '500',
      listeners: `http://127.0.0.1:${port}`,
      'rest.advertised.host.name': '127.0.0.1',
      // Looking through all classes takes seconds.
      'plugin.discovery': 'service_load',
      'session.timeout.ms': '6000',
      'heartbeat.interval.ms': '1000',
      'scheduled.rebalance.max.delay.ms': '1000',
      ...settings,
    })
    try {
      await worker.restart()
    } catch (error) {
      await worker[Symbol.asyncDispose]()
      throw error
    }
    return worker
  }

  /** Starts it, or starts it again after kill(). */
  async restart(): Promise<void> {
    this.#process = new JavaProcess([main, this.#file])
    await this.#process.until('Connect answers', async () =>
      this.ask('GET', '/connectors').catch(() => undefined),
    )
  }

  get process(): JavaProcess {
    if (this.#process === undefined) throw new Error('it was not started')
    return this.#process
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** The answer of its REST interface. @throws Error for a status that is not a success. */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const said = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${said}`)
    return said === '' ? undefined : JSON.parse(said)
  }

  /** As ask(), again while workers agree on who does what (409). */
  askUntilAgreed(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.process.until(`${method} ${path}`, async () => {
      try {
        return (await this.ask(method, path, body)) ?? true
      } catch (error) {
        if (/: (409|404|500) /.test((error as Error).message)) return undefined
        throw error
      }
    })
  }

  /** Sets a connector up and waits until its tasks run. */
  async deploy(name: string, config: Settings): Promise<void> {
    await this.askUntilAgreed('PUT', `/connectors/${name}/config`, config)
    await this.untilRuns(name)
  }

  /** Waits until the connector and a task of it run. @throws Error with the trace of one that failed. */
  untilRuns(name: string): Promise<ConnectorStatus> {
    return this.process.until(`${name} runs`, async () => {
      const status = await this.statusOf(name)
      const failed = status?.tasks.find(({ state }) => state === 'FAILED')
      if (failed) throw new Error(`${name} failed: ${failed.trace}`)
      const runs = status?.tasks.some(({ state }) => state === 'RUNNING')
      return status?.connector.state === 'RUNNING' && runs ? status : undefined
    })
  }

  async statusOf(name: string): Promise<ConnectorStatus | undefined> {
    const status = await this.ask('GET', `/connectors/${name}/status`).catch(() => undefined)
    return status as ConnectorStatus | undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
