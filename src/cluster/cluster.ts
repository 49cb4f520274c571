// What a node has of its cluster: PostgreSQL's tables, the store of objects, the directory, what is shared above cells,
// and a disk for each cell that it owns. The data folder holds copies only.
import os from 'node:os'
import path from 'node:path'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import { version } from '../lib/version.ts'
import { clusterLimits } from '../limits/cluster.ts'
import { CellEpochs } from '../log/cluster/cell-epochs.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import { ObjectCache } from '../log/cluster/objects/object-cache.ts'
import type { ObjectStore } from '../log/cluster/objects/object-store.ts'
import { RequestPatience } from '../log/cluster/objects/request-patience.ts'
import type { Incarnation } from '../log/cluster/ownership/observation.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import type { Disk } from '../log/file/disk.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import { claimingAbove, restoreTeller } from './claim-above.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { type CellEvents, ClusterMember } from './cluster-member.ts'
import type { NodeAddresses } from './directory.ts'
import { joinPatiently } from './join-patiently.ts'
import type { NodeFacts } from './node-facts.ts'
import { ObjectCounts } from './object-counts.ts'
import { type OpenedCellDisk, openCellDisk } from './open-cell-disk.ts'
import { checkServer, hasStandby, openObjects, openTables, troubleTeller } from './open-stores.ts'
import { SharedState } from './shared-state.ts'

export interface ClusterOptions {
  /** `postgres://user@host1,host2/database`. */
  readonly cluster: string
  /** `s3://bucket/prefix?endpoint=…`. */
  readonly objects: string
  /** Of a cluster that is made now. */
  readonly cells: number | undefined
  readonly nodeName: string | undefined
  /** The data folder. */
  readonly data: string
}

export interface ClusterParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Nothing that this process does counts any more. */
  readonly onLost: (error: Error) => void
  /** Other nodes have changed who may do what; also told of all there is, at the start. */
  readonly onAccess: (changes: readonly AccessChange[]) => void
  /** Virtual hosts have come or gone. */
  readonly onVHosts: () => void
  readonly cells: CellEvents
}

export class Cluster implements AsyncDisposable {
  readonly shared: SharedState
  readonly name: string
  readonly tables: ClusterTables
  readonly #options: ClusterOptions
  readonly #parts: ClusterParts
  readonly #notice: RepeatedNotice
  readonly #objects: ObjectStore
  readonly #cache: ObjectCache
  readonly #disk: Disk
  /** A store that is away is not asked for ever by whoever is gone. */
  readonly #closing: AbortController
  readonly #counts: ObjectCounts
  readonly #standbyCheck: Timer
  /** Of cells that are open. */
  readonly #disks = new Set<OpenedCellDisk>()
  #standby: boolean
  #heartbeatMs: number | undefined
  readonly directory: ClusterDirectory
  readonly member: ClusterMember
  readonly #self: Incarnation
  readonly #epochs: CellEpochs

  private constructor(options: ClusterOptions, parts: ClusterParts, opened: Opened) {
    const { tables, self, notice, objects, cache, disk, closing, counts, standby } = opened
    const { clock, logger, onAccess, onLost, cells } = parts
    const name = nameOf(options)
    this.#options = options
    this.#parts = parts
    this.name = name
    this.tables = tables
    this.#self = self
    this.#notice = notice
    this.#objects = objects
    this.#cache = cache
    this.#disk = disk
    this.#closing = closing
    this.#counts = counts
    this.#standby = standby
    this.#standbyCheck = clock.every(clusterLimits.standbyCheckMs, () => void this.#checkStandby())
    this.shared = new SharedState({
      tables,
      clock,
      random: parts.random,
      logger,
      onAccess,
      onVHosts: () => {
        parts.onVHosts()
        this.directory.tell()
      },
    })
    this.directory = new ClusterDirectory({
      clusterId: tables.settings.clusterId,
      self,
      name,
      clock,
      version,
      vhosts: () => this.shared.vhosts,
      refresh: async () => {
        await this.member.lookNow()
        await this.shared.whenRead()
      },
    })
    this.#epochs = new CellEpochs({
      objects,
      clock,
      random: parts.random,
      onRestored: restoreTeller(logger),
    })
    this.member = new ClusterMember({
      tables: claimingAbove(tables, this.#epochs),
      self,
      name,
      clock,
      logger,
      cells,
      onLost,
      onSeen: (seen) => {
        this.#heartbeatMs = seen.look.seenAt - seen.look.sentAt
        this.directory.onSeen(seen)
        this.shared.onVersion(seen.look.sharedVersion)
      },
    })
  }

  /**
   * Opens both stores, tries them, reads what is shared and becomes a node of the cluster, which an earlier process
   * of this name is no more. @throws ExitError
   */
  static async open(options: ClusterOptions, parts: ClusterParts): Promise<Cluster> {
    const { clock, random, logger } = parts
    const notice = new RepeatedNotice(clock, clusterLimits.noticeMs)
    const stack = new AsyncDisposableStack()
    stack.defer(() => notice.close())
    try {
      const tables = await openTables(options, parts, notice)
      stack.defer(() => tables.close())
      const standby = await checkServer(tables, logger)
      const counts = new ObjectCounts(clock)
      const tell = troubleTeller(notice, logger)
      const onTrouble: typeof tell = (trouble) => {
        counts.onTrouble()
        tell(trouble)
      }
      const patience = { clock, random, onTrouble }
      const objects = counts.of(await openObjects(options.objects, patience))
      stack.defer(() => objects.close())
      const disk = createSystemDisk({ clock })
      const closing = new AbortController()
      const cache = await ObjectCache.open({
        objects,
        patience: new RequestPatience(patience),
        disk,
        folder: path.join(path.resolve(options.data), 'objects'),
        requestLimits: { signal: closing.signal },
        onLocalTrouble: (error) => notice.tell('local', () => tellLocal(logger, error)),
      })
      const self = await joinPatiently(
        tables,
        { name: nameOf(options), address: '', info: '{}' },
        { clock, onTrouble: (error) => notice.tell('join', () => tellAgain(logger, error)) },
      )
      const opened = { tables, self, notice, objects, cache, disk, closing, counts, standby }
      const cluster = new Cluster(options, parts, opened)
      await cluster.shared.load()
      return cluster
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  /** Tells the others where this node is reached, and has cells from now on. Resolves after the first look. */
  async start(addresses: NodeAddresses): Promise<void> {
    const { link } = addresses
    const address = link ? `${link.host}:${link.port}` : ''
    const info = JSON.stringify({ version, pid: process.pid, addresses })
    this.directory.onAddresses(addresses)
    await this.tables.describe(this.#self, { address, info })
    await this.member.start()
  }

  /** How PostgreSQL and the store of objects are, as this node sees them. */
  facts(): NodeFacts {
    return {
      isFrozen: this.member.held.size > 0 && !this.member.gate.isOpen,
      hasStandby: this.#standby,
      heartbeatMs: this.#heartbeatMs,
      cells: [...this.#disks].map((disk) => disk.facts()),
      objects: this.#counts.facts,
      takeovers: this.member.takeoverCount,
    }
  }

  /** By which nodes know each other. */
  get secret(): Buffer {
    return Buffer.from(this.tables.settings.secret)
  }

  /** The disk of a cell, as long as it is this node's. */
  async openDisk(cell: number, table: CellTable): Promise<OpenedCellDisk> {
    await this.#epochs.settle(cell, table)
    const { clock, random, logger } = this.#parts
    const disk = await openCellDisk(
      { cell, table, folder: this.folderOf(cell) },
      {
        clock,
        random,
        objects: this.#objects,
        cache: this.#cache,
        disk: this.#disk,
        onTrouble: (error) => this.#notice.tell('local', () => tellLocal(logger, error)),
      },
    )
    this.#disks.add(disk)
    return {
      ...disk,
      [Symbol.asyncDispose]: () => {
        this.#disks.delete(disk)
        return disk[Symbol.asyncDispose]()
      },
    }
  }

  /** Somebody may have given the server a standby, or taken it away. What cannot be asked stays as it was. */
  async #checkStandby(): Promise<void> {
    const findings = await this.tables.checkServer().catch(() => undefined)
    if (findings !== undefined) this.#standby = hasStandby(findings)
  }

  /** Where copies of a cell's data are on this machine. */
  folderOf(cell: number): string {
    return path.join(path.resolve(this.#options.data), `cell-${cell}`)
  }

  /** So that nobody takes it for lost. Without it others find out that it is gone. */
  async #sayStopped(): Promise<void> {
    if (!this.member.hasStopped) return
    const info = JSON.stringify({ version, isStopped: true })
    await this.tables.describe(this.#self, { address: '', info }).catch(() => undefined)
  }

  /** Cells have to be closed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#standbyCheck.stop()
    await this.member.close()
    await this.#sayStopped()
    this.shared.close()
    this.#closing.abort()
    this.#notice.close()
    this.#objects.close()
    this.tables.close()
  }
}

interface Opened {
  readonly tables: ClusterTables
  readonly self: Incarnation
  readonly notice: RepeatedNotice
  readonly objects: ObjectStore
  readonly cache: ObjectCache
  readonly disk: Disk
  readonly closing: AbortController
  readonly counts: ObjectCounts
  readonly standby: boolean
}

function nameOf({ nodeName }: ClusterOptions): string {
  return nodeName ?? os.hostname()
}

function tellAgain(logger: Logger, error: Error): void {
  logger.warn(`PostgreSQL: ${error.message}; trying again`)
}

function tellLocal(logger: Logger, error: Error): void {
  logger.warn(`The local copies fail: ${error.message}`)
}
