// A node: a process that serves a cell to clients. It has the listeners, the users and the protocols;
// what is kept is the cell's.
//
// It opens bottom up: certificates, the cell, the protocols, their ports. It stops the other way
// round, so that nobody comes in while others are told to go, and the cell ends last. HTTP alone goes
// on until then: health checks see that the broker stops.
import path from 'node:path'
import { AuditLog } from '../admin/audit-log.ts'
import type { BrokerFigures, BrokerState } from '../admin/broker-status.ts'
import { LiveConnections } from '../admin/v1/live-connections.ts'
import type { TokenLogin } from '../auth/oauth/token-login.ts'
import { Users } from '../auth/users.ts'
import { MessageStreams } from '../broker/browse/message-streams.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import type { GroupConfig } from '../broker/group/group-config.ts'
import { Leases } from '../broker/lease/leases.ts'
import { Statistics } from '../broker/statistics/statistics.ts'
import { Cell } from '../cell/cell.ts'
import type { StorageKind } from '../cell/storage.ts'
import { BatchWorker } from '../crossing/batch-worker.ts'
import type { Clock } from '../lib/clock.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import { Turn } from '../lib/turn.ts'
import { version } from '../lib/version.ts'
import { programLimits } from '../limits/program.ts'
import type { TlsCredentials } from '../server/tls-credentials.ts'
import type { BrokerOptions, SettingKey } from '../settings/settings.ts'
import { countEverything } from './count-everything.ts'
import type { Demo } from './demo.ts'
import { type Doors, systemDoors } from './doors.ts'
import type { DefinitionsFile } from './load-definitions.ts'
import { Maintenance, type OpenedProtocol } from './maintenance.ts'
import { MemoryGuard } from './memory-guard.ts'
import { NodeMetrics, type ProcessStatus } from './metrics-of.ts'
import { openLocal } from './open-local.ts'
import { PasswordFile } from './password-file.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'
import { openServices, protocols } from './services.ts'

/** What a node is opened with beside its settings. */
export interface NodeParts {
  readonly logger: Logger
  readonly storage: StorageKind
  readonly syncDelayMs: number
  /** Where settings are from. */
  readonly origins?: ReadonlyMap<SettingKey, string>
  /** The machine's own by default. */
  readonly doors?: Doors
}

export class Node implements AsyncDisposable {
  /** Service name → address, for every listener that is open. */
  readonly addresses: Record<string, Address> = {}
  /** What it serves, once that is open. */
  cell: Cell | undefined
  /** Rejects when storage failed for good: nothing more can be confirmed, the process has to end. */
  readonly failed: Promise<never>
  /** The connections of all protocols. */
  readonly clients: ClientRegistry
  /** Keeps clients out, and lets them in again. */
  readonly maintenance: Maintenance
  readonly #options: BrokerOptions
  readonly #origins: ReadonlyMap<SettingKey, string>
  readonly #logger: Logger
  readonly #doors: Doors
  readonly #clock: Clock
  readonly #random: Random
  readonly #turn: Turn
  /** Of a node of a cluster: shut while it may not serve. */
  #gate: ServingGate | undefined
  readonly #batchWorker: BatchWorker
  readonly #startedAt: number
  readonly #fail: (error: Error) => void
  readonly #servers: ProtocolServer[] = []
  /** Everything but what answers until the end. */
  readonly #stack = new AsyncDisposableStack()
  readonly #lastStack = new AsyncDisposableStack()
  readonly #live: LiveConnections
  #streams: MessageStreams | undefined
  #demo: Promise<Demo> | undefined
  #credentials: TlsCredentials | undefined
  #state: Exclude<BrokerState, 'frozen' | 'maintenance'> = 'starting'
  #hasFailed = false
  #closing: Promise<void> | undefined

  private constructor(
    options: BrokerOptions,
    { logger, doors = systemDoors, origins = new Map() }: NodeParts,
  ) {
    this.#options = options
    this.#origins = origins
    this.#logger = logger
    this.#doors = doors
    this.#clock = doors.clock
    this.#random = doors.random
    this.#turn = new Turn(doors.clock)
    this.#batchWorker = new BatchWorker(doors.clock, doors.startBatchThread)
    this.#startedAt = doors.clock.monotonic()
    this.clients = new ClientRegistry(doors.clock)
    this.maintenance = new Maintenance(logger)
    this.#live = new LiveConnections(doors.clock)
    const { promise, reject } = Promise.withResolvers<never>()
    this.failed = promise
    this.#fail = (error) => {
      this.#hasFailed = true
      reject(error)
    }
    // An embedding program may choose not to know.
    promise.catch(() => undefined)
  }

  /** Resolves when all listeners are open. Rejects with an `ExitError`, or as `Cell.open`. */
  static async open(options: BrokerOptions, parts: NodeParts): Promise<Node> {
    const node = new Node(options, parts)
    try {
      await node.#open(parts)
    } catch (error) {
      await node.close()
      throw error
    }
    return node
  }

  /** Stops taking work, finishes what is on its way to the disk and frees everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #open({ storage, syncDelayMs }: NodeParts): Promise<void> {
    // First of all: nothing is opened for a broker that cannot start.
    const credentials = await this.#readCertificates()
    this.#credentials = credentials
    const definitions = await this.#readDefinitions()
    const kind = storage === 'file' ? await this.#joinCluster() : storage
    const cell = await this.#openCell(kind, syncDelayMs)
    const memory = this.#stack.use(
      new MemoryGuard(cell.broker, {
        clock: this.#clock,
        memory: this.#doors.memory,
        logger: this.#logger,
        watermark: this.#options.memoryWatermark,
      }),
    )
    cell.groups.limitMemory(memory.groupsSizeMax)
    const parts = this.#lend(cell, memory, await this.#openTokens())
    if (definitions !== undefined) {
      const { loadDefinitions } = await import('./load-definitions.ts')
      await loadDefinitions(parts, definitions)
    }
    const opened = await this.#openProtocols(parts)
    // No group may lose a member because its connection is closed.
    this.#stack.defer(() => cell.rest())
    await this.#openListeners(opened, credentials)
    if (storage === 'file') await this.#openLocal(parts)
    this.#state = 'ready'
    const lateLoad = this.#clock.after(programLimits.lateLoadMs, () => this.#prepare())
    this.#stack.defer(() => lateLoad.stop())
  }

  async #readCertificates(): Promise<TlsCredentials | undefined> {
    const { tlsCert: certificate, tlsKey: key, tlsClientCa: clientCa } = this.#options
    if (certificate === undefined || key === undefined) return undefined
    const { TlsFromFiles } = await import('./tls-files.ts')
    const parts = { clock: this.#clock, logger: this.#logger.child({ area: 'tls' }) }
    const files = this.#stack.use(await TlsFromFiles.open({ certificate, key, clientCa }, parts))
    return files.credentials
  }

  async #readDefinitions(): Promise<DefinitionsFile | undefined> {
    const { definitions: path } = this.#options
    if (path === undefined) return undefined
    const { readDefinitions } = await import('./load-definitions.ts')
    return readDefinitions(path)
  }

  /** A node of a cluster waits here until it has a cell to serve. */
  async #joinCluster(): Promise<StorageKind> {
    const { cluster, objects, nodeName, data } = this.#options
    if (cluster === undefined || objects === undefined) return 'file'
    const { openCluster } = await import('../cluster/open-cluster.ts')
    const opened = await openCluster(
      { cluster, objects, nodeName, data },
      {
        clock: this.#clock,
        random: this.#random,
        logger: this.#logger.child({ area: 'cluster' }),
        onLost: (error) => {
          this.cell?.abandon()
          this.#fail(error)
        },
      },
    )
    this.#gate = opened.gate
    this.#turn.gate = opened.gate
    return this.#stack.use(opened).doors
  }

  async #openTokens(): Promise<TokenLogin | undefined> {
    const { oauthJwks, oauthIssuer } = this.#options
    if (oauthJwks === undefined && oauthIssuer === undefined) return undefined
    const { openTokens } = await import('./open-tokens.ts')
    const logger = this.#logger.child({ area: 'auth' })
    const { httpGet } = this.#doors
    return openTokens(this.#options, { clock: this.#clock, logger, httpGet })
  }

  async #openCell(storage: StorageKind, syncDelayMs: number): Promise<Cell> {
    const groups = groupConfigOf(this.#options)
    const { kafkaNodeId: nodeId } = this.#options
    const connectionRate = {
      messages: this.#options.connectionMaxPublishRate,
      bytes: this.#options.connectionMaxPublishBytesRate,
    }
    const given = { kind: storage, syncDelayMs, nodeId, groups, connectionRate }
    const options = { ...this.#options, ...given }
    const cell = this.#stack.use(
      await Cell.open(options, {
        clock: this.#clock,
        random: this.#random,
        turn: this.#turn,
        logger: this.#logger,
        batchWorker: this.#batchWorker,
        onFailed: (error) => this.#fail(error),
      }),
    )
    this.#stack.defer(() => this.#batchWorker.close())
    this.cell = cell
    if (!this.#hasFailed) return cell
    // While it was opened.
    cell.abandon()
    return this.failed
  }

  async #openProtocols(parts: ProtocolParts): Promise<OpenedProtocol[]> {
    const opened: OpenedProtocol[] = []
    for (const protocol of protocols) {
      const services = openServices(protocol, this.#options)
      if (services.length === 0 || protocol.open === undefined) continue
      const server = await protocol.open(parts)
      const stack = protocol.outlivesOthers === true ? this.#lastStack : this.#stack
      this.#servers.push(stack.use(server))
      opened.push({ server, services, stack })
    }
    return opened
  }

  #createUsers(cell: Cell, tokens: TokenLogin | undefined): Users {
    const { user, password, loopbackUsers } = this.#options
    const own = user === undefined ? undefined : { name: user, password: password ?? '' }
    const { access } = cell.broker
    const clock = this.#clock
    const logger = this.#logger.child({ area: 'auth' })
    const users = new Users({ own, access, random: this.#random, clock, loopbackUsers, tokens })
    const { passwordFile } = this.#options
    if (own !== undefined && passwordFile !== undefined) {
      this.#stack.use(new PasswordFile(passwordFile, own, { users, clock, logger }))
    }
    return users
  }

  #lend(cell: Cell, memory: MemoryGuard, tokens: TokenLogin | undefined): ProtocolParts {
    const lent = {
      cell,
      memory: memory.account,
      inputBudget: memory.inputBudget,
      users: this.#createUsers(cell, tokens),
      clients: this.clients,
      statistics: this.#stack.use(
        new Statistics({ broker: cell.broker, clients: this.clients, clock: this.#clock }),
      ),
      options: this.#options,
      clock: this.#clock,
      random: this.#random,
      turn: this.#turn,
      gate: this.#gate,
      logger: this.#logger,
      batchWorker: this.#batchWorker,
      addresses: this.addresses,
      status: () => ({
        ...this.#figures(cell, memory),
        ...countEverything(cell.broker, this.clients),
      }),
      figures: () => this.#figures(cell, memory),
      maintenance: this.maintenance,
      openDemo: () => this.#openDemo(parts),
      countFiles: this.#doors.countFiles,
      origins: this.#origins,
      audit: new AuditLog(),
      leases: new Leases({ broker: cell.broker, clients: this.clients }),
      streams: this.#openStreams(cell),
      live: this.#live,
    }
    const figures = (): ProcessStatus => this.#processStatus(memory)
    const metrics = new NodeMetrics(lent, figures)
    const parts: ProtocolParts = { ...lent, metrics: this.#stack.use(metrics) }
    return parts
  }

  #openDemo(parts: ProtocolParts): Promise<Demo> {
    this.#demo ??= import('./demo.ts').then(({ Demo }) => new Demo(parts))
    return this.#demo
  }

  /** Tails and exports: sent away as the clients of protocols are. */
  #openStreams({ broker }: Cell): MessageStreams {
    const streams = new MessageStreams(broker)
    this.#streams = streams
    this.maintenance.onTurned = (isOn) => {
      if (isOn) streams.endAll('the broker is put into maintenance')
      else streams.reopen()
    }
    return streams
  }

  async #openListeners(
    opened: readonly OpenedProtocol[],
    credentials: TlsCredentials | undefined,
  ): Promise<void> {
    const { addresses } = this
    const { openListener } = this.#doors
    const parts = {
      options: this.#options,
      logger: this.#logger,
      clock: this.#clock,
      credentials,
      addresses,
      openListener,
    }
    await this.maintenance.open(opened, parts)
  }

  async #openLocal(parts: ProtocolParts): Promise<void> {
    const folder = path.resolve(this.#options.data)
    const { openLocalListener } = this.#doors
    this.#stack.use(await openLocal(folder, parts, openLocalListener))
  }

  #prepare(): void {
    for (const server of this.#servers) void server.prepare?.()
  }

  #figures(cell: Cell, memory: MemoryGuard): BrokerFigures {
    return {
      ...this.#processStatus(memory),
      version,
      addresses: this.addresses,
      dataFolder: path.resolve(this.#options.data),
      blockedReason: cell.broker.shortage.reason,
      certificateEndsAt: this.#credentials?.own.validToDate.getTime(),
    }
  }

  #processStatus(memory: MemoryGuard): ProcessStatus {
    return {
      state: this.#shownState,
      uptimeMs: Math.round(this.#clock.monotonic() - this.#startedAt),
      memory: memory.status,
    }
  }

  get #shownState(): BrokerState {
    if (this.#state !== 'ready') return this.#state
    if (this.#gate?.isOpen === false) return 'frozen'
    return this.maintenance.isOn ? 'maintenance' : 'ready'
  }

  /** New clients go elsewhere meanwhile, where somebody looks at the health of this broker. */
  async #delayStop(): Promise<void> {
    const delayMs = this.#options.shutdownDelay * 1000
    if (delayMs === 0) return
    this.#logger.info(`stopping in ${this.#options.shutdownDelay} s`)
    await new Promise<void>((resolve) => void this.#clock.after(delayMs, resolve))
  }

  async #close(): Promise<void> {
    const wasReady = this.#state === 'ready'
    this.#state = 'stopping'
    // Where storage has failed nobody is served any more.
    if (wasReady && !this.#hasFailed) await this.#delayStop()
    if (!this.#hasFailed) await (await this.#demo)?.close()
    this.maintenance.end()
    this.#streams?.endAll('the broker stops')
    this.#live.endAll('the broker stops')
    // Their last event is on its way by then.
    await new Promise<void>((resolve) => this.#clock.atEndOfTurn(resolve))
    await this.#stack.disposeAsync()
    await this.#lastStack.disposeAsync()
  }
}

function groupConfigOf(options: BrokerOptions): Partial<GroupConfig> {
  return {
    sessionTimeoutMsMin: options.kafkaGroupMinSessionTimeoutMs,
    sessionTimeoutMsMax: options.kafkaGroupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: options.kafkaGroupInitialRebalanceDelayMs,
    membersMax: options.kafkaGroupMaxSize,
    consumer: {
      membersMax: options.kafkaGroupConsumerMaxSize,
      assignors: options.kafkaGroupConsumerAssignors,
      migrationPolicy: options.kafkaGroupConsumerMigrationPolicy,
      sessionTimeoutMs: options.kafkaGroupConsumerSessionTimeoutMs,
      sessionTimeoutMsMin: options.kafkaGroupConsumerMinSessionTimeoutMs,
      sessionTimeoutMsMax: options.kafkaGroupConsumerMaxSessionTimeoutMs,
      heartbeatIntervalMs: options.kafkaGroupConsumerHeartbeatIntervalMs,
      heartbeatIntervalMsMin: options.kafkaGroupConsumerMinHeartbeatIntervalMs,
      heartbeatIntervalMsMax: options.kafkaGroupConsumerMaxHeartbeatIntervalMs,
      assignmentIntervalMs: options.kafkaGroupConsumerAssignmentIntervalMs,
    },
  }
}
