// A node: a process that serves cells to clients. It has the listeners, the users and the protocols;
// what is kept is the cells'.
//
// It opens bottom up: certificates, the cell, the protocols, their ports. It stops the other way
// round, so that nobody comes in while others are told to go, and the cell ends last. HTTP alone goes
// on until then: health checks see that the broker stops. A node of a cluster begins with its ports
// (`ClusterNode`), and has cells as they come.
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { Cell } from '../cell/cell.ts'
import type { StorageKind } from '../cell/storage.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import { programLimits } from '../limits/program.ts'
import type { BrokerOptions, SettingKey } from '../settings/settings.ts'
import { type Doors, systemDoors } from './doors.ts'
import type { Maintenance } from './maintenance.ts'
import { NodeFrame } from './node-frame.ts'
import type { Serving } from './serving.ts'

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
  /** Rejects when storage failed for good: nothing more can be confirmed, the process has to end. */
  readonly failed: Promise<never>
  readonly #frame: NodeFrame
  readonly #fail: (error: Error) => void
  /** Everything but what answers until the end. */
  readonly #stack = new AsyncDisposableStack()
  readonly #lastStack = new AsyncDisposableStack()
  #serving: Serving | undefined
  #hasFailed = false
  #closing: Promise<void> | undefined

  private constructor(
    options: BrokerOptions,
    { logger, doors = systemDoors, origins = new Map() }: NodeParts,
  ) {
    this.#frame = new NodeFrame({ options, origins, logger, doors })
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

  /** Service name → address, for every listener that is open. */
  get addresses(): Readonly<Record<string, Address>> {
    return this.#frame.addresses
  }

  /** What it serves, once that is open: without a cluster the only cell, in one the lowest. */
  get cell(): Cell | undefined {
    return this.#serving?.cell
  }

  /** The connections of all protocols. */
  get clients(): ClientRegistry {
    return this.#frame.clients
  }

  /** Keeps clients out, and lets them in again. */
  get maintenance(): Maintenance {
    return this.#frame.maintenance
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
    const frame = this.#frame
    // First of all: nothing is opened for a broker that cannot start.
    await this.#readCertificates()
    const parts = {
      frame,
      stack: this.#stack,
      lastStack: this.#lastStack,
      fail: this.#fail,
    }
    const { cluster, objects } = frame.options
    if (storage === 'file' && cluster !== undefined && objects !== undefined) {
      const { ClusterNode } = await import('./cluster-node.ts')
      this.#serving = new ClusterNode(parts, { cluster, objects })
    } else {
      const { SingleCell } = await import('./single-cell.ts')
      this.#serving = new SingleCell(parts, { storage, syncDelayMs })
    }
    await this.#serving.open()
    frame.state = 'ready'
    const lateLoad = frame.clock.after(programLimits.lateLoadMs, () => this.#serving?.prepare())
    this.#stack.defer(() => lateLoad.stop())
  }

  async #readCertificates(): Promise<void> {
    const { options, clock, logger } = this.#frame
    const { tlsCert: certificate, tlsKey: key, tlsClientCa: clientCa } = options
    if (certificate === undefined || key === undefined) return
    const { TlsFromFiles } = await import('./tls-files.ts')
    const parts = { clock, logger: logger.child({ area: 'tls' }) }
    const files = this.#stack.use(await TlsFromFiles.open({ certificate, key, clientCa }, parts))
    this.#frame.credentials = files.credentials
  }

  /** New clients go elsewhere meanwhile, where somebody looks at the health of this broker. */
  async #delayStop(): Promise<void> {
    const { options, clock, logger } = this.#frame
    const delayMs = options.shutdownDelay * 1000
    if (delayMs === 0) return
    logger.info(`stopping in ${options.shutdownDelay} s`)
    await new Promise<void>((resolve) => void clock.after(delayMs, resolve))
  }

  async #close(): Promise<void> {
    const frame = this.#frame
    const wasReady = frame.state === 'ready'
    frame.state = 'stopping'
    // Where storage has failed nobody is served any more.
    if (wasReady && !this.#hasFailed) await this.#delayStop()
    if (!this.#hasFailed) await this.#serving?.endDemo()
    frame.maintenance.end()
    this.#serving?.endStreams('the broker stops')
    frame.live.endAll('the broker stops')
    // Their last event is on its way by then.
    await new Promise<void>((resolve) => frame.clock.atEndOfTurn(resolve))
    await this.#stack.disposeAsync()
    await this.#lastStack.disposeAsync()
    frame[Symbol.dispose]()
  }
}
