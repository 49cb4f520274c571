// STOMP beside AMQP on a broker in the test's process, with its parts in reach.
import { type Logger, silentLogger } from '../../../src/lib/logger.ts'
import { takingOver } from '../../../src/server/byte-source.ts'
import { type Listener, openListener } from '../../../src/server/listener.ts'
import type { StompSettings } from '../../../src/server/stomp/stomp-context.ts'
import { StompServer } from '../../../src/server/stomp/stomp-server.ts'
import { BrokerInProcess, type InProcessOptions } from '../broker-in-process.ts'
import { RawStomp } from './raw-stomp.ts'

const defaultSettings: StompSettings = {
  messageSizeMax: 16 * 1024 * 1024,
  certificateName: 'distinguished-name',
  sendTimeoutMs: 30_000,
  productName: 'RabbitMQ',
  productVersion: '4.2.0',
  defaultVHost: '/',
  defaultUser: undefined,
  takesCertificates: false,
  takesHttpLogins: false,
  isImplicit: false,
  frameSizeMax: 4 * 1024 * 1024,
  topicExchange: 'amq.topic',
  requeuesNacked: true,
  userQueueExpiresMs: 0,
  isStrict: false,
}

export class StompInProcess implements AsyncDisposable {
  readonly amqp: BrokerInProcess
  readonly server: StompServer
  readonly #listener: Listener
  readonly #clients: RawStomp[] = []

  private constructor(amqp: BrokerInProcess, server: StompServer, listener: Listener) {
    this.amqp = amqp
    this.server = server
    this.#listener = listener
  }

  static async start(options: InProcessOptions = {}): Promise<StompInProcess> {
    const amqp = await BrokerInProcess.start(options)
    const { broker, users, clients, memory, inputBudget } = amqp
    const { turn, clock, random } = broker
    const parts = { broker, users, clients, memory, inputBudget, turn, clock, random }
    const logger: Logger = {
      ...silentLogger,
      error: (...[first]) => void amqp.bugs.push((first as { readonly err: Error }).err),
      child: () => logger,
    }
    const server = new StompServer({ ...parts, logger, settings: defaultSettings })
    const listener = await openListener({
      service: 'stomp',
      host: '127.0.0.1',
      port: 0,
      onSocket: takingOver((socket, source) => server.accept(socket, source)),
      onAcceptProblem: (reason) => amqp.bugs.push(new Error(reason)),
    })
    return new StompInProcess(amqp, server, listener)
  }

  get port(): number {
    return this.#listener.address.port
  }

  async client(): Promise<RawStomp> {
    const client = await RawStomp.connect(this.#listener.address.port)
    this.#clients.push(client)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]()
    this.#listener.close()
    await this.server.close()
    await this.amqp[Symbol.asyncDispose]()
  }
}
