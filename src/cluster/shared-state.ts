// What a cluster shares above its cells, as this node has it: virtual hosts with their cells, users and what they may
// do. A change is in force here at once and elsewhere with the next heartbeat; it is durable when PostgreSQL
// has it, which is tried until it is.
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import { wait } from '../lib/wait.ts'
import { brokerLimits } from '../limits/broker.ts'
import { clusterLimits } from '../limits/cluster.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import type {
  SharedChange,
  SharedRow,
  SharedRows,
} from '../log/cluster/postgres/shared-statements.ts'
import type { Ticket } from '../log/ticket.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import { EndedSessions, isEndedKind } from './ended-sessions.ts'
import {
  accessOf,
  applyShared,
  changesBetween,
  isAccessKind,
  rowOf,
  vhostKey,
  withId,
} from './shared-rows.ts'

export interface SharedStateParts {
  readonly tables: Pick<ClusterTables, 'changeShared' | 'placeVHost' | 'readShared'>
  readonly clock: Clock
  /** By which users of one name are told apart. */
  readonly random: Random
  readonly logger: Logger
  /** Other nodes have changed who may do what. */
  readonly onAccess: (changes: readonly AccessChange[]) => void
  /** Virtual hosts have come or gone. */
  readonly onVHosts: () => void
}

export class SharedState {
  readonly #parts: SharedStateParts
  readonly endedSessions: EndedSessions
  readonly #notice: RepeatedNotice
  /** Rows of who may do what by kind and key, as they are in force here. */
  #access = new Map<string, SharedRow>()
  #vhosts: ReadonlyMap<string, number> = new Map()
  #version = 0
  /** Changes of this node that PostgreSQL may not have yet, in their order. */
  readonly #pending: (readonly SharedChange[])[] = []
  /** One change after the other. */
  #writing: Promise<void> = Promise.resolve()
  #reading: Promise<void> | undefined
  #isClosed = false

  constructor(parts: SharedStateParts) {
    this.#parts = parts
    this.endedSessions = new EndedSessions(parts.clock, (changes) => this.#write(changes))
    this.#notice = new RepeatedNotice(parts.clock, clusterLimits.noticeMs)
  }

  /** Name → cell. */
  get vhosts(): ReadonlyMap<string, number> {
    return this.#vhosts
  }

  /** Reads all of it. @throws Error */
  async load(): Promise<void> {
    this.#take(await this.#parts.tables.readShared())
  }

  /** Resolves when what a heartbeat has seen is read, or cannot be. */
  async whenRead(): Promise<void> {
    await this.#reading
  }

  /** A heartbeat saw this version: reads again what is older. */
  onVersion(version: number): void {
    if (version <= this.#version || this.#reading !== undefined || this.#isClosed) return
    this.#reading = this.load()
      .catch((error: unknown) => this.#tell(error as Error))
      .finally(() => (this.#reading = undefined))
  }

  /** These are in force here already. */
  changeAccess(changes: readonly AccessChange[]): Ticket {
    const shared = changes.map((change) => {
      const row = rowOf(change)
      const before = this.#access.get(`${row.kind} ${row.key}`)
      const made = withId(row, before, this.#parts.random.bytes(idSize).toString('hex'))
      applyShared(this.#access, made)
      return made
    })
    return this.#write(shared)
  }

  /** The cell that has, or gets, the virtual host; undefined when there are too many. */
  async placeVHost(name: string, cell?: number): Promise<number | undefined> {
    const placed = {
      key: vhostKey(name),
      row: JSON.stringify({ name }),
      ...(cell !== undefined && { cell }),
    }
    let found: number | undefined
    await this.#until(async () => {
      found = await this.#parts.tables.placeVHost(placed, brokerLimits.vhostsMax)
    })
    if (found !== undefined && this.#vhosts.get(name) !== found) {
      this.#vhosts = new Map([...this.#vhosts, [name, found]])
      this.#parts.onVHosts()
    }
    return found
  }

  /** Its cell has deleted it. */
  async removeVHost(name: string): Promise<void> {
    const change: SharedChange = { op: 'delete', kind: 'vhost', key: vhostKey(name) }
    await this.#until(() => this.#parts.tables.changeShared([change]))
    applyShared(this.#access, change)
    const vhosts = new Map(this.#vhosts)
    vhosts.delete(name)
    this.#vhosts = vhosts
    this.#parts.onVHosts()
  }

  close(): void {
    this.#isClosed = true
    this.#notice.close()
  }

  #write(changes: readonly SharedChange[]): Ticket {
    this.#pending.push(changes)
    const ticket = new WrittenTicket()
    this.#writing = this.#writing
      .then(() => this.#until(() => this.#parts.tables.changeShared(changes)))
      .then(() => {
        this.#pending.shift()
        ticket.onDurable()
      })
      // Closed before: nobody is told that it is durable.
      .catch(() => undefined)
    return ticket
  }

  /** Tries until it works: doing it twice is doing it once. */
  async #until(write: () => Promise<void>): Promise<void> {
    for (;;) {
      if (this.#isClosed) throw new Error('this node stops')
      try {
        await write()
        return
      } catch (error) {
        this.#tell(error as Error)
        await wait(this.#parts.clock, clusterLimits.sharedRetryMs)
      }
    }
  }

  #take({ version, rows }: SharedRows): void {
    if (version < this.#version) return
    this.#version = version
    const access = new Map<string, SharedRow>()
    const vhosts = new Map<string, number>()
    const ended = new Map<string, SharedRow>()
    for (const row of rows) {
      if (row.kind === 'vhost') vhosts.set(JSON.parse(row.key) as string, row.cell ?? 0)
      else if (isAccessKind(row.kind)) access.set(`${row.kind} ${row.key}`, row)
      else if (isEndedKind(row.kind)) ended.set(`${row.kind} ${row.key}`, row)
    }
    // What is under way is newer than what was read.
    for (const change of this.#pending.flat()) {
      applyShared(isEndedKind(change.kind) ? ended : access, change)
    }
    this.endedSessions.take(ended.values())
    const changes = changesBetween(this.#access, access).map(accessOf)
    this.#access = access
    this.#vhosts = vhosts
    if (changes.length > 0) this.#parts.onAccess(changes)
    this.#parts.onVHosts()
  }

  #tell(error: Error): void {
    this.#notice.tell('shared', () =>
      this.#parts.logger.warn(
        `PostgreSQL: ${error.message}; users and virtual hosts are tried again`,
      ),
    )
  }
}

/** Of a user: no two that have one name are the same. */
const idSize = 8

class WrittenTicket implements Ticket {
  isDurable = false
  readonly #callbacks: (() => void)[] = []

  whenDurable(callback: () => void): void {
    if (this.isDurable) callback()
    else this.#callbacks.push(callback)
  }

  onDurable(): void {
    this.isDurable = true
    for (const callback of this.#callbacks.splice(0)) callback()
  }
}
