// Composition root: puts a broker together from its options and opens its listeners.
import path from 'node:path'
import type { BrokerState, BrokerStatus } from './admin/broker-status.ts'
import type { HttpServer } from './admin/http-server.ts'
import { Users } from './auth/users.ts'
import { Broker, type BrokerCounts } from './broker/broker.ts'
import { Retention } from './broker/topic/retention.ts'
import { openStorage, type Storage, type StorageKind } from './cell/open-storage.ts'
import { type Clock, systemClock, type Timer } from './lib/clock.ts'
import type { Address } from './lib/listen.ts'
import { type Logger, silentLogger } from './lib/logger.ts'
import { isLoopback } from './lib/loopback.ts'
import { systemRandom } from './lib/random.ts'
import { Turn } from './lib/turn.ts'
import { version } from './lib/version.ts'
import { programLimits } from './limits/program.ts'
import type { OpenedKafka } from './node/open-kafka.ts'
import { OpenListeners } from './node/open-listeners.ts'
import type { TlsFromFiles } from './node/tls-files.ts'
import { AmqpServer } from './server/amqp/amqp-server.ts'
import { BatchWorker } from './server/crossing/batch-worker.ts'
import { Crossing } from './server/crossing/crossing.ts'
import { openDoor, openListener } from './server/listener.ts'
import { warnIfTls } from './server/tls-failure.ts'
import { completeOptions } from './settings/load-config.ts'
import type { BrokerOptions } from './settings/settings.ts'

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
  #listeners: OpenListeners | undefined
  #tls: TlsFromFiles | undefined
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
    const listeners = await this.#createListeners()
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
      this.#openAmqp(listeners, this.#amqp),
      this.#openKafka(listeners, crossing, state),
      this.#openHttp(listeners),
    ])
    this.#state = 'ready'
    this.#lateLoad = this.#clock.after(programLimits.lateLoadMs, () => void this.#http?.prepare())
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

  /** Certificates are looked at first: nothing is opened for a broker that cannot start. */
  async #createListeners(): Promise<OpenListeners> {
    const options = this.#options
    const { tlsCert: certificate, tlsKey: key, tlsClientCa: clientCa } = options
    if (certificate !== undefined && key !== undefined) {
      // Loaded only here, like Kafka and HTTP below.
      const { TlsFromFiles } = await import('./node/tls-files.ts')
      const logger = this.#logger.child({ area: 'tls' })
      const parts = { clock: this.#clock, logger }
      this.#tls = await TlsFromFiles.open({ certificate, key, clientCa }, parts)
    }
    const credentials = this.#tls?.credentials
    const parts = { options, credentials, logger: this.#logger }
    this.#listeners = new OpenListeners(this.addresses, parts)
    return this.#listeners
  }

  async #openAmqp(listeners: OpenListeners, server: AmqpServer): Promise<void> {
    for (const service of ['amqp', 'amqp-tls'] as const) {
      await listeners.open(service, (door) => openListener({ ...door, onSocket: server.accept }))
    }
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

  async #openKafka(
    listeners: OpenListeners,
    crossing: Crossing,
    state: Storage['state'],
  ): Promise<void> {
    const services = (['kafka', 'kafka-tls'] as const).filter((each) => !listeners.isOff(each))
    if (services.length === 0) return
    // Loaded only here, like HTTP below: what is off costs no memory.
    const { openKafka } = await import('./node/open-kafka.ts')
    const kafka = openKafka({
      broker: this.#broker as Broker,
      users: this.#users,
      crossing,
      batchWorker: this.#batchWorker,
      options: this.#options,
      logger: this.#logger.child({ area: 'kafka' }),
      state,
      addresses: this.addresses,
    })
    this.#kafka = kafka
    for (const service of services) {
      const onSocket = kafka.server.acceptOn(kafka.listeners[service])
      await listeners.open(service, (door) => openListener({ ...door, onSocket }))
    }
  }

  async #openHttp(listeners: OpenListeners): Promise<void> {
    const { host, httpPort: port } = this.#options
    if (port === 'off' && listeners.isOff('http-tls')) return
    const source = { status: (): BrokerStatus => this.#status() }
    // Beyond loopback the status is for those who may log in; health checks are for everyone.
    const authenticate = (user: string, password: string): boolean =>
      this.#users.login({ user, password: Buffer.from(password) }, host).user !== undefined
    const guard = isLoopback(host) ? {} : { authenticate }
    const { openHttpServer } = await import('./admin/http-server.ts')
    const onUnreadable = (bytes: Buffer, remoteAddress: string): void => {
      warnIfTls(bytes, { remoteAddress, port: 'HTTP' }, this.#logger)
    }
    const http = await openHttpServer({ host, port, source, onUnreadable, ...guard })
    this.#http = http
    if (http.address !== undefined) this.addresses['http'] = http.address
    await listeners.open('http-tls', (door) => openDoor(door, (socket) => http.accept(socket)))
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
    this.#listeners?.close()
    this.#tls?.[Symbol.dispose]()
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
