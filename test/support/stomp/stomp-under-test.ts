// A broker with its ports of STOMP and AMQP, in memory or on a folder of its own, and clients of both.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningBroker, startBroker, type StartOptions } from '../../../src/start-broker.ts'
import { AmqpSession } from '../amqp-session.ts'
import { otherPortsOff } from '../other-ports-off.ts'
import { RawStomp, type RawStompLogin } from './raw-stomp.ts'

export class StompUnderTest implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly session: AmqpSession
  readonly #folder: string
  readonly #clients: RawStomp[] = []

  private constructor(broker: RunningBroker, session: AmqpSession, folder: string) {
    this.broker = broker
    this.session = session
    this.#folder = folder
  }

  static async start(options: StartOptions = {}): Promise<StompUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-stomp-'))
    const broker = await startBroker({
      data: folder,
      storage: 'memory',
      ...otherPortsOff,
      amqpPort: 0,
      stompPort: 0,
      httpPort: 'off',
      kafkaPort: 'off',
      ...options,
    })
    const login =
      options.user === undefined
        ? ''
        : `${options.user}:${encodeURIComponent(options.password ?? '')}@`
    const url = `amqp://${login}127.0.0.1:${broker.addresses['amqp']?.port}`
    return new StompUnderTest(broker, await AmqpSession.open(url), folder)
  }

  get port(): number {
    return this.broker.addresses['stomp']?.port ?? 0
  }

  portOf(service: string): number {
    return this.broker.addresses[service]?.port ?? 0
  }

  /** A client that has logged in. It is closed with the broker. */
  async client(login: RawStompLogin = {}): Promise<RawStomp> {
    const client = await RawStomp.connect(this.port, login)
    this.#clients.push(client)
    return client
  }

  /** A client that has sent nothing yet. */
  async stranger(): Promise<RawStomp> {
    const client = await RawStomp.open(this.port)
    this.#clients.push(client)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]()
    await this.session[Symbol.asyncDispose]()
    await this.broker.close()
    rmSync(this.#folder, { recursive: true })
  }
}
