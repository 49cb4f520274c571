// Composition root: puts a broker together from its options and opens its listeners.
import path from 'node:path'
import type { BrokerState, BrokerStatus } from './admin/broker-status.ts'
import type { HttpServer } from './admin/http-server.ts'
import { Users } from './auth/users.ts'
import { Broker, type BrokerCounts } from './broker/broker.ts'
import { Retention } from './broker/topic/retention.ts'
import { completeOptions } from './config-sources.ts'
import type { BrokerOptions } from './config.ts'
import { type Clock, systemClock, type Timer } from './lib/clock.ts'
import type { Address } from './lib/listen.ts'
import { type Logger, silentLogger } from './lib/logger.ts'
import { isLoopback } from './lib/loopback.ts'
import { systemRandom } from './lib/random.ts'
import { Turn } from './lib/turn.ts'
import { version } from './lib/version.ts'
import { limits } from './limits.ts'
import type { OpenedKafka } from './open-kafka.ts'
import { openStorage, type Storage, type StorageKind } from './open-storage.ts'
import { AmqpServer } from './server/amqp/amqp-server.ts'
import { BatchWorker } from './server/crossing/batch-worker.ts'
import { Crossing } from './server/crossing/crossing.ts'
import { type Listener, openListener } from './server/listener.ts'

/** Options of the broker; what is left out has its default. */
export type StartOptions = Partial<BrokerOptions> & {
  readonly logger?: Logger
  /** Added to every sync of the disk, in milliseconds, as a slower disk would: for benchmarks. */
  readonly syncDelayMs?: number
  /** Where messages are kept; files in the data folder by default. */
  readonly storage?: StorageKind
}

/** A broker that takes work until it is closed. */
export interface RunningBroker extends AsyncDisposable {
  /** Service name → address, for every listener that is open. */
  readonly addresses: Readonly<Record<string, Address>>
  /** Rejects when storage failed for good: nothing more can be confirmed, the process has to end. */
  readonly failed: Promise<never>
  /** Stops taking work, finishes what is on its way to the disk and frees everything. */
  close(): Promise<void>
}

/** Starts a broker and resolves once all its listeners are open. */
export async function startBroker(startOptions: StartOptions = {}): Promise<RunningBroker> {
  const { logger: givenLogger, storage = 'file', syncDelayMs = 0, ...partial } = startOptions
  const options = completeOptions(partial)
  const logger = givenLogger ?? silentLogger
  const instance = new Instance(options, logger)
  try {
    await instance.open(storage, syncDelayMs)
  } catch (error) {
    await instance.close()
    throw error
  }
  return instance
}

const noCounts: BrokerCounts = { exchanges: 0, queues: 0, consumers: 0, messages: 0, unacked: 0 }

class Instance implements RunningBroker {
  readonly addresses: Record<string, Address> = {}
  readonly failed: Promise<never>
  readonly #options: BrokerOptions
  readonly #logger: Logger
  readonly #clock: Clock = systemClock
  readonly #startedAt = systemClock.monotonic()
  readonly #users: Users
  readonly #batchWorker: BatchWorker = new BatchWorker(systemClock)
  #state: BrokerState = 'starting'
  #storage: Pick<Storage, 'store' | 'close'> | undefined
  #broker: Broker | undefined
  #amqp: AmqpServer | undefined
  #kafka: OpenedKafka | undefined
  #retention: Retention | undefined
  #fail: (error: Error) => void = () => undefined
  readonly #listeners: Listener[] = []
  #http: HttpServer | undefined
  #lateLoad: Timer | undefined
  #closing: Promise<void> | undefined

  constructor(options: BrokerOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
    const { user, password } = options
    const own = user === undefined ? undefined : { name: user, password: password ?? '' }
    this.#users = new Users({ own, random: systemRandom })
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject
    })
    // Whoever does not wait for it has chosen not to know.
    this.failed.catch(() => undefined)
  }

  async open(kind: StorageKind, syncDelayMs: number): Promise<void> {
    const turn = new Turn(this.#clock)
    const crossing = this.#createCrossing()
    const storage = await openStorage({
      kind,
      syncDelayMs,
      broker: this.#options,
      clock: this.#clock,
      turn,
      logger: this.#logger,
      converter: crossing,
      onBlocked: (reason) => this.#onBlocked(reason),
      onFailed: (error) => this.#fail(error),
    })
    const { store, close, state } = storage
    this.#storage = { store, close }
    this.#broker = this.#createBroker(turn, storage)
    this.#retention = this.#createRetention(this.#broker)
    this.#amqp = this.#createAmqpServer(turn, this.#broker)
    await Promise.all([
      this.#openAmqp(this.#amqp),
      this.#openKafka(crossing, state),
      this.#openHttp(),
    ])
    this.#state = 'ready'
    this.#lateLoad = this.#clock.after(limits.lateLoadMs, () => void this.#http?.prepare())
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #createBroker(turn: Turn, storage: Storage): Broker {
    const broker = new Broker({
      store: storage.store,
      turn,
      random: systemRandom,
      clock: this.#clock,
      vhosts: this.#options.vhosts,
      onTopologyDurable: storage.onTopologyDurable,
      onDamaged: (queue, offset, error) => {
        const { vhost, name } = queue
        this.#logger.error({ err: error, vhost, queue: name, offset }, 'Messages were skipped')
      },
    })
    storage.followTopology((sequence) => broker.topology.onApplied(sequence))
    broker.restore(storage.topology, storage.logs)
    broker.restoreState(storage.state)
    return broker
  }

  #createAmqpServer(turn: Turn, broker: Broker): AmqpServer {
    const options = this.#options
    return new AmqpServer({
      broker,
      users: this.#users,
      turn,
      clock: this.#clock,
      random: systemRandom,
      logger: this.#logger.child({ area: 'amqp' }),
      settings: {
        frameMax: options.frameMax,
        channelMax: options.channelMax,
        heartbeatSeconds: options.heartbeat,
        messageSizeMax: options.maxMessageSize,
        productName: options.productName,
        productVersion: options.productVersion,
      },
    })
  }

  async #openAmqp(server: AmqpServer): Promise<void> {
    const { host, amqpPort: port } = this.#options
    if (port === 'off') return
    const listener = await openListener({
      service: 'amqp',
      host,
      port,
      onSocket: server.accept,
      onAcceptProblem: (reason) => this.#logger.warn(`A connection was refused: ${reason}`),
    })
    this.#listeners.push(listener)
    this.addresses['amqp'] = listener.address
  }

  #createRetention(broker: Broker): Retention {
    return new Retention({
      store: broker.store,
      clock: this.#clock,
      topics: () => broker.topics(),
      queuePartitions: () => broker.queuePartitions(),
      onTrouble: ({ vhost, name }, error) => {
        this.#logger.warn({ err: error, vhost, topic: name }, 'Retention of a topic has to wait')
      },
    })
  }

  #createCrossing(): Crossing {
    return new Crossing({
      worker: this.#batchWorker,
      onUndecodable: (log, { baseOffset, lastOffset }, error) => {
        this.#logger.error(
          { err: error, log: log.id, first: baseOffset, last: lastOffset },
          'A record batch cannot be decoded; readers of messages skip it',
        )
      },
    })
  }

  async #openKafka(crossing: Crossing, state: Storage['state']): Promise<void> {
    const { host, kafkaPort: port } = this.#options
    if (port === 'off') return
    // Loaded only here, like HTTP below: what is off costs no memory.
    const { openKafka } = await import('./open-kafka.ts')
    this.#kafka = openKafka({
      broker: this.#broker as Broker,
      users: this.#users,
      crossing,
      batchWorker: this.#batchWorker,
      options: this.#options,
      logger: this.#logger.child({ area: 'kafka' }),
      state,
      address: () => this.addresses['kafka'] as Address,
    })
    const listener = await openListener({
      service: 'kafka',
      host,
      port,
      onSocket: this.#kafka.server.accept,
      onAcceptProblem: (reason) => this.#logger.warn(`A connection was refused: ${reason}`),
    })
    this.#listeners.push(listener)
    this.addresses['kafka'] = listener.address
  }

  async #openHttp(): Promise<void> {
    const { host, httpPort: port } = this.#options
    if (port === 'off') return
    const source = { status: (): BrokerStatus => this.#status() }
    // Beyond loopback the status is for those who may log in; health checks are for everyone.
    const authenticate = (user: string, password: string): boolean =>
      this.#users.login({ user, password: Buffer.from(password) }, host).user !== undefined
    const guard = isLoopback(host) ? {} : { authenticate }
    const { openHttpServer } = await import('./admin/http-server.ts')
    const http = await openHttpServer({ host, port, source, ...guard })
    this.#http = http
    this.addresses['http'] = http.address
  }

  #onBlocked(reason: string | undefined): void {
    if (reason === undefined) this.#logger.info('Publishers are no longer blocked')
    else this.#logger.warn(`Publishers are blocked: ${reason}; free some space on the data disk`)
    this.#amqp?.onBlockedChanged(reason !== undefined)
  }

  #status(): BrokerStatus {
    return {
      state: this.#state,
      version,
      uptimeMs: Math.round(this.#clock.monotonic() - this.#startedAt),
      addresses: this.addresses,
      dataFolder: path.resolve(this.#options.data),
      blockedReason: this.#storage?.store.blocked,
      counts: countsOf(this.#broker, this.#amqp),
    }
  }

  async #close(): Promise<void> {
    this.#state = 'stopping'
    this.#lateLoad?.stop()
    for (const listener of this.#listeners) listener.close()
    this.#retention?.close()
    this.#kafka?.groups.close()
    this.#kafka?.server.close()
    await this.#amqp?.close()
    this.#broker?.prepareToClose()
    this.#batchWorker.close()
    await this.#storage?.close()
    await this.#http?.close()
  }
}

function countsOf(
  broker: Broker | undefined,
  amqp: AmqpServer | undefined,
): BrokerStatus['counts'] {
  const counts = broker?.counts() ?? noCounts
  return {
    connections: amqp?.connectionCount ?? 0,
    channels: amqp?.channelCount ?? 0,
    exchanges: counts.exchanges,
    queues: counts.queues,
    consumers: counts.consumers,
    messagesReady: counts.messages - counts.unacked,
    messagesUnacked: counts.unacked,
  }
}
