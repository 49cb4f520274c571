// A broker inside the test's own process, on the memory engine, with its parts in reach: tests look
// at counters that no client sees, and at errors that only the log would tell.

import { Users } from '../../src/auth/users.ts'
import { Broker } from '../../src/broker/broker.ts'
import { ClientRegistry } from '../../src/broker/client/client-registry.ts'
import { MemoryAccount } from '../../src/broker/memory-account.ts'
import type { PublishRate } from '../../src/broker/rate/publish-limit.ts'
import { BatchWorker } from '../../src/crossing/batch-worker.ts'
import { Crossing } from '../../src/crossing/crossing.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger, type Logger } from '../../src/lib/logger.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { ServingGate } from '../../src/lib/serving-gate.ts'
import { Turn } from '../../src/lib/turn.ts'
import { MemoryLogStore, type MemoryChaos } from '../../src/log/memory/memory-log-store.ts'
import type { AmqpSettings } from '../../src/server/amqp/amqp-context.ts'
import { AmqpServer } from '../../src/server/amqp/amqp-server.ts'
import { takingOver } from '../../src/server/byte-source.ts'
import { InputBudget } from '../../src/server/input-budget.ts'
import { openListener, type Listener } from '../../src/server/listener.ts'
import { isRelayed, relayAmqp, type RelayedAmqp } from './relayed/relay-amqp.ts'
import { within } from './wait-for.ts'

const defaultSettings: AmqpSettings = {
  frameMax: 131_072,
  channelMax: 2047,
  heartbeatSeconds: 60,
  messageSizeMax: 16 * 1024 * 1024,
  isStrict: false,
  certificateName: 'distinguished-name',
  sendTimeoutMs: 30_000,
  productName: 'RabbitMQ',
  productVersion: '4.2.0',
}

export interface InProcessOptions {
  readonly chaos?: MemoryChaos
  readonly settings?: Partial<AmqpSettings>
  /** What budgets of memory are shares of. */
  readonly watermark?: number
  /** What each connection may publish. */
  readonly connectionRate?: PublishRate
  /** Nothing leaves while it is shut. */
  readonly gate?: ServingGate
}

export class BrokerInProcess implements AsyncDisposable {
  readonly store: MemoryLogStore
  readonly broker: Broker
  readonly server: AmqpServer
  readonly crossing: Crossing
  readonly memory: MemoryAccount
  readonly clients: ClientRegistry
  readonly inputBudget: InputBudget
  readonly users: Users
  readonly port: number
  /** Errors of the broker's own, which no client can be blamed for. */
  readonly bugs: Error[]
  readonly #listener: Listener
  readonly #relayed: RelayedAmqp | undefined

  private constructor(
    parts: Pick<
      BrokerInProcess,
      | 'store'
      | 'broker'
      | 'server'
      | 'crossing'
      | 'memory'
      | 'clients'
      | 'inputBudget'
      | 'users'
      | 'bugs'
    >,
    listener: Listener,
    relayed: RelayedAmqp | undefined,
  ) {
    this.#relayed = relayed
    this.store = parts.store
    this.broker = parts.broker
    this.server = parts.server
    this.crossing = parts.crossing
    this.memory = parts.memory
    this.clients = parts.clients
    this.inputBudget = parts.inputBudget
    this.users = parts.users
    this.bugs = parts.bugs
    this.port = listener.address.port
    this.#listener = listener
  }

  static async start(options: InProcessOptions = {}): Promise<BrokerInProcess> {
    const turn = new Turn(systemClock)
    turn.gate = options.gate
    const { chaos, watermark = 8 * 1024 ** 3, connectionRate } = options
    const crossing = new Crossing({
      worker: new BatchWorker(systemClock),
      onUndecodable: () => undefined,
    })
    const storeParts = { clock: systemClock, turn, converter: crossing }
    const store = new MemoryLogStore({ ...storeParts, ...(chaos && { chaos }) })
    const bugs: Error[] = []
    const broker = new Broker({
      store,
      turn,
      random: systemRandom,
      clock: systemClock,
      vhosts: [],
      ...(connectionRate && { connectionRate }),
      onDamaged: (_queue, _offset, error) => bugs.push(error),
    })
    const memory = new MemoryAccount({ watermark, onReceived: () => undefined })
    const clients = new ClientRegistry(systemClock)
    const inputBudget = new InputBudget({
      account: memory,
      clock: systemClock,
      uncommittedSize: () => store.uncommittedSize,
    })
    const users = new Users({ random: systemRandom, access: broker.access })
    const logger = loggerInto(bugs)
    const settings = { ...defaultSettings, ...options.settings }
    const server = new AmqpServer({
      broker,
      users,
      clients,
      turn,
      gate: options.gate,
      clock: systemClock,
      random: systemRandom,
      logger,
      memory,
      inputBudget,
      settings,
    })
    const relayed = isRelayed
      ? await relayAmqp({ server, broker, users, memory, logger, settings })
      : undefined
    const listener = await openListener({
      service: 'amqp',
      host: '127.0.0.1',
      port: 0,
      onSocket: relayed?.accept ?? takingOver(server.accept),
      onAcceptProblem: (reason) => bugs.push(new Error(reason)),
    })
    const parts = { store, broker, server, crossing, memory, clients, inputBudget, users, bugs }
    return new BrokerInProcess(parts, listener, relayed)
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    await this.server.close()
    await this.#relayed?.close()
    // The engine's own timers keep no process alive; this one does.
    await within('storage closes', this.store.close())
  }
}

/** A logger that keeps errors in `bugs` and drops the rest. */
function loggerInto(bugs: Error[]): Logger {
  const logger: Logger = {
    ...silentLogger,
    error: (...[first]) => {
      const { error, err } = first as { readonly error?: Error; readonly err?: Error }
      bugs.push(error ?? err ?? new Error('an error without one'))
    },
    child: () => logger,
  }
  return logger
}
