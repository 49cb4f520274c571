// What a node is made of, whichever cells it serves: its doors, its memory, its clients, its state.
import path from 'node:path'
import { AuditLog } from '../admin/audit-log.ts'
import type { BrokerFigures, BrokerState } from '../admin/broker-status.ts'
import { LiveConnections } from '../admin/v1/live-connections.ts'
import type { TokenLogin } from '../auth/oauth/token-login.ts'
import { Users, type UsersOptions } from '../auth/users.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import { BlockedNotice } from '../cell/blocked-notice.ts'
import { BatchWorker } from '../crossing/batch-worker.ts'
import type { Clock } from '../lib/clock.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import { Turn } from '../lib/turn.ts'
import { version } from '../lib/version.ts'
import { LoopLag } from '../metrics/loop-lag.ts'
import type { TlsCredentials } from '../server/tls-credentials.ts'
import type { BrokerOptions, SettingKey } from '../settings/settings.ts'
import type { Doors } from './doors.ts'
import { Maintenance } from './maintenance.ts'
import { MemoryGuard } from './memory-guard.ts'
import type { ProcessStatus } from './metrics-of.ts'
import { PasswordFile } from './password-file.ts'
import { WebSockets } from './web-sockets.ts'

export interface NodeFrameParts {
  readonly options: BrokerOptions
  readonly origins: ReadonlyMap<SettingKey, string>
  readonly logger: Logger
  readonly doors: Doors
}

/** By what users are known. */
export interface KnownUsers extends Pick<UsersOptions, 'access' | 'secret' | 'lookAgain'> {
  readonly tokens: TokenLogin | undefined
}

export class NodeFrame {
  readonly options: BrokerOptions
  /** Where settings are from. */
  readonly origins: ReadonlyMap<SettingKey, string>
  readonly logger: Logger
  readonly doors: Doors
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly batchWorker: BatchWorker
  readonly lag: LoopLag
  /** The connections of all protocols. */
  readonly clients: ClientRegistry
  /** Keeps clients out, and lets them in again. */
  readonly maintenance: Maintenance
  /** Of all cells. */
  readonly blocked: BlockedNotice
  /** Who has views sent by HTTP. */
  readonly live: LiveConnections
  /** Clients of protocols that come by WebSocket. */
  readonly webSockets: WebSockets
  /** Of changes by HTTP, on whichever port. */
  readonly audit: AuditLog = new AuditLog()
  /** Service name → address, for every listener that is open. */
  readonly addresses: Record<string, Address> = {}
  credentials: TlsCredentials | undefined
  state: Exclude<BrokerState, 'frozen' | 'maintenance'> = 'starting'
  #gate: ServingGate | undefined
  readonly #startedAt: number
  #memory: MemoryGuard | undefined

  constructor({ options, origins, logger, doors }: NodeFrameParts) {
    this.options = options
    this.origins = origins
    this.logger = logger
    this.doors = doors
    this.clock = doors.clock
    this.random = doors.random
    this.turn = new Turn(doors.clock)
    this.batchWorker = new BatchWorker(doors.clock, doors.startBatchThread)
    this.lag = new LoopLag(doors.clock)
    this.#startedAt = doors.clock.monotonic()
    this.clients = new ClientRegistry(doors.clock)
    this.maintenance = new Maintenance(logger)
    this.blocked = new BlockedNotice(logger)
    this.live = new LiveConnections(doors.clock)
    this.webSockets = new WebSockets({
      options,
      clock: doors.clock,
      logger,
      whyShut: () => whyShut(this.#shownState),
    })
  }

  /** Shut while the node may not serve; undefined without a cluster, where it always may. */
  get gate(): ServingGate | undefined {
    return this.#gate
  }

  set gate(gate: ServingGate | undefined) {
    this.#gate = gate
    this.turn.gate = gate
  }

  /** Made when something is there whose memory counts. */
  get memory(): MemoryGuard {
    this.#memory ??= new MemoryGuard({
      clock: this.clock,
      memory: this.doors.memory,
      logger: this.logger,
      watermark: this.options.memoryWatermark,
    })
    return this.#memory
  }

  /** Why publishers are blocked is what the cells say. */
  figures(blockedReason: string | undefined): BrokerFigures {
    return {
      ...this.processStatus(),
      version,
      addresses: this.addresses,
      dataFolder: path.resolve(this.options.data),
      blockedReason,
      certificateEndsAt: this.credentials?.own.validToDate.getTime(),
    }
  }

  processStatus(): ProcessStatus {
    return {
      state: this.#shownState,
      uptimeMs: Math.round(this.clock.monotonic() - this.#startedAt),
      memory: this.memory.status,
    }
  }

  get #shownState(): BrokerState {
    if (this.state !== 'ready') return this.state
    if (this.#gate?.isOpen === false) return 'frozen'
    return this.maintenance.isOn ? 'maintenance' : 'ready'
  }

  /** Who may log in, by what `access` knows, the settings' user and tokens. */
  createUsers({ tokens, ...known }: KnownUsers, stack: AsyncDisposableStack): Users {
    const { user, password, passwordFile, loopbackUsers } = this.options
    const own = user === undefined ? undefined : { name: user, password: password ?? '' }
    const { clock, random } = this
    const logger = this.logger.child({ area: 'auth' })
    const users = new Users({ own, ...known, random, clock, loopbackUsers, tokens })
    if (own !== undefined && passwordFile !== undefined) {
      stack.use(new PasswordFile(passwordFile, own, { users, clock, logger }))
    }
    return users
  }

  /** Where tokens are taken. */
  async openTokens(): Promise<TokenLogin | undefined> {
    const { oauthJwks, oauthIssuer } = this.options
    if (oauthJwks === undefined && oauthIssuer === undefined) return undefined
    const { openTokens } = await import('./open-tokens.ts')
    const logger = this.logger.child({ area: 'auth' })
    const { httpGet } = this.doors
    return openTokens(this.options, { clock: this.clock, logger, httpGet })
  }

  [Symbol.dispose](): void {
    this.webSockets[Symbol.dispose]()
    this.#memory?.[Symbol.dispose]()
    this.lag[Symbol.dispose]()
  }
}

/** At the HTTP port, which goes on when the others are closed. */
function whyShut(state: BrokerState): string | undefined {
  if (state === 'maintenance') return 'The broker is in maintenance'
  return state === 'stopping' ? 'The broker stops' : undefined
}
