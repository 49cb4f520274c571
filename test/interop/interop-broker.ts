// The broker that the clients talk to: a Pabal of their own, or brokers named by PABAL_TEST_KAFKA
// (host:port) and PABAL_TEST_AMQP (host:port, user guest), to prove the steps themselves.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigCalls, configType } from '../support/config-calls.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const mainFile: string = join(import.meta.dirname, '../../src/main.ts')
const START_MS = 20_000

interface Address {
  readonly host: string
  readonly port: number
}

type Protocol = 'kafka' | 'amqp'
type Addresses = Readonly<Partial<Record<Protocol, Address>>>

/** True when the steps are proven against other brokers. */
export const isExternal: boolean =
  process.env['PABAL_TEST_KAFKA'] !== undefined || process.env['PABAL_TEST_AMQP'] !== undefined

function external(protocol: Protocol): string | undefined {
  return process.env[`PABAL_TEST_${protocol.toUpperCase()}`]
}

/** The broker takes PABAL_… for settings of its own. */
function withoutSettings(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PABAL_'))
  return Object.fromEntries(kept)
}

/** Addresses of a Pabal with its data in a scratch folder, killed when it is disposed of. */
export class InteropBroker implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'pabal-interop-'))
  #child: ChildProcess | undefined
  #log = ''
  #addresses: Addresses = {}

  /**
   * Starts a Pabal, ready to be connected to, unless every protocol has a broker already.
   * @throws Error with its log when it does not start.
   */
  static async start(protocols: readonly Protocol[]): Promise<InteropBroker> {
    const broker = new InteropBroker()
    if (protocols.every((protocol) => external(protocol) !== undefined)) return broker
    try {
      await broker.#startPabal()
    } catch (error) {
      await broker[Symbol.asyncDispose]()
      throw new Error(`${(error as Error).message}\n${broker.#log}`, { cause: error })
    }
    return broker
  }

  /** `host:port`. @throws Error when it does not listen for the protocol. */
  address(protocol: Protocol): string {
    const address = this.#addresses[protocol]
    const found = external(protocol) ?? (address && `${address.host}:${address.port}`)
    if (found === undefined) throw new Error(`Pabal has no port for ${protocol}:\n${this.#log}`)
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #startPabal(): Promise<void> {
    const readyFile = join(this.#folder, 'ready.json')
    const data = ['--data', join(this.#folder, 'data'), '--ready-file', readyFile]
    const ports = [
      '--amqp-port',
      '0',
      '--kafka-port',
      '0',
      '--http-port',
      'off',
      '--metrics-port',
      'off',
    ]
    const child = spawn(process.execPath, [mainFile, ...data, ...ports], {
      cwd: this.#folder,
      env: withoutSettings(),
    })
    this.#child = child
    const collect = (chunk: Buffer): void => {
      this.#log += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const look = (): boolean => existsSync(readyFile) || child.exitCode !== null
    await waitFor('broker is ready', look, START_MS)
    this.#addresses = JSON.parse(readFileSync(readyFile, 'utf8')) as Addresses
    await keepOldRecords(this.#addresses.kafka)
  }
}

/** The steps produce records of past years, which the usual retention would delete within half a minute. */
async function keepOldRecords(kafka: Address | undefined): Promise<void> {
  if (kafka === undefined) return
  await using client = await KafkaRawClient.connect(kafka.port)
  const changes = [['log.retention.ms', '-1']] as const
  const [code] = await new ConfigCalls(client).alter(configType.broker, '', changes)
  if (code !== 0) throw new Error(`retention was not set: ${code}`)
}
