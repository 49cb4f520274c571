// This node among the nodes of a cluster: it sends heartbeats, sees what the others do, takes cells that are its to
// have, and gives away those that belong elsewhere. Who owns what stands in the database; nodes never ask each other.
import type { Clock, Timer } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import { ServingGate } from '../lib/serving-gate.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import type { Incarnation, NodeRow } from '../log/cluster/ownership/observation.ts'
import { Ownership, type Plan } from '../log/cluster/ownership/ownership.ts'
import type { Look, Vacancy } from '../log/cluster/ownership/takeover.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import { DownNotice } from './down-notice.ts'
import { takesKafka } from './node-info.ts'

/** What becomes of cells on this node. */
export interface CellEvents {
  /** The cell is this node's: to be opened and served. */
  onOwned(cell: number, table: CellTable): void
  /** Somebody else has it: nothing of it leaves here any more, once this returns. */
  onLost(cell: number): void
  /** Another node is to have it. Resolves when nothing of it goes on here. */
  onRelease(cell: number): Promise<void>
}

/** A look, and which nodes are not dead by it. */
export interface Seen {
  readonly look: Look
  readonly living: readonly NodeRow[]
}

export interface ClusterMemberOptions {
  readonly tables: Pick<ClusterTables, 'beat' | 'claimCell' | 'drain' | 'releaseCell' | 'failCell'>
  readonly self: Incarnation
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
  readonly cells: CellEvents
  /** Told of each look, before anything follows from it. */
  readonly onSeen: (seen: Seen) => void
  /** The node's name has another owner: nothing that this process does counts any more. */
  readonly onLost: (error: Error) => void
}

export class ClusterMember {
  /** Open for as long as the lease of this node lasts. */
  readonly gate: ServingGate
  readonly #options: ClusterMemberOptions
  readonly #ownership: Ownership
  /** Cells of this node with their epochs. */
  readonly #held = new Map<number, number>()
  /** Those that are being given away. */
  readonly #leaving = new Map<number, Promise<void>>()
  readonly #claiming = new Map<number, Promise<void>>()
  readonly #notice: RepeatedNotice
  readonly #downNotice: DownNotice
  #timer: Timer | undefined
  #beating: Promise<void> = Promise.resolve()
  /** Waits for its turn. */
  #looking: Promise<void> | undefined
  #isFrozen = false
  #isClosed = false
  #takeoverCount = 0
  /** No cell is taken any more. */
  #isStopping = false
  #isOut = false
  #isStandingBy = false

  constructor(options: ClusterMemberOptions) {
    this.#options = options
    this.gate = new ServingGate(options.clock)
    this.#ownership = new Ownership(options.self, takesKafka)
    this.#notice = new RepeatedNotice(options.clock, ownershipLimits.noticeMs)
    this.#downNotice = new DownNotice(options.clock, options.logger)
  }

  /** The first heartbeat; resolves when it was tried. */
  start(): Promise<void> {
    this.#beating = this.#beat()
    this.#timer = this.#options.clock.every(ownershipLimits.heartbeatMs, () => this.#next())
    return this.#beating
  }

  /** Others know that it stops, and it has no cell any more. */
  get hasStopped(): boolean {
    return this.#isOut && this.#held.size === 0
  }

  /** Cells whose owner had crashed and that are, or were, this node's. */
  get takeoverCount(): number {
    return this.#takeoverCount
  }

  /** Cells of this node with their epochs. */
  get held(): ReadonlyMap<number, number> {
    return this.#held
  }

  /** Looks at once, and not only a second later. Resolves after a look that began from now on, or failed. */
  lookNow(): Promise<void> {
    this.#looking ??= this.#beating.then(() => {
      this.#looking = undefined
      if (this.#isClosed) return undefined
      this.#beating = this.#beat()
      return this.#beating
    })
    return this.#looking
  }

  /** The cell turned out to be no longer ours: a look says whose it is, and it may be claimed again. */
  forget(cell: number): void {
    this.#held.delete(cell)
    void this.lookNow()
  }

  /** The cell could not be served here: it has no owner now. After several of these it stays down. */
  async fail(cell: number): Promise<void> {
    const epoch = this.#held.get(cell)
    if (epoch === undefined) return
    this.#held.delete(cell)
    await this.#tellUntilHeard(cell, () => this.#options.tables.failCell(cell, epoch))
  }

  /** Others are to have its cells now, and not when this node looks dead: gives all of them away. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const { tables, self, logger } = this.#options
    if (this.#isClosed) return
    try {
      await tables.drain(self, true)
      this.#isOut = true
    } catch (error) {
      logger.warn({ err: error }, 'the others could not be told that this node stops')
    }
    await Promise.all(this.#claiming.values())
    await Promise.all([...this.#held.keys()].map((cell) => this.#giveAway(cell)))
  }

  /** No heartbeat follows. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.stop()
    await this.#beating
    await Promise.all(this.#leaving.values())
    this.#notice.close()
  }

  /** One after the other: a database that answers slowly is not asked more for it. */
  #next(): void {
    const previous = this.#beating
    let isDone = false
    void previous.then(() => (isDone = true))
    this.#options.clock.atEndOfTurn(() => {
      // Somebody else may have begun one in this turn.
      if (this.#isClosed || this.#beating !== previous) return
      if (isDone) this.#beating = this.#beat()
      else this.#tellFrozen()
    })
  }

  async #beat(): Promise<void> {
    const { tables, self } = this.#options
    let look: Look | undefined
    try {
      look = await tables.beat(self)
    } catch (error) {
      this.#notice.tell('beat', () => this.#warn(error as Error))
      this.#tellFrozen()
      return
    }
    if (this.#isClosed) return
    if (look === undefined) {
      this.#lose()
      return
    }
    this.#downNotice.onCells(look.observation.cells)
    const plan = this.#ownership.onLook(look, this.#held)
    // What was held back for clients of a cell that is another's must not leave.
    this.#onLosses(plan.losses)
    this.gate.openUntil(this.#ownership.leaseEndsAt)
    this.#tellFrozen()
    this.#tellStandingBy(plan)
    this.#options.onSeen({ look, living: plan.living })
    this.#carryOut(plan)
  }

  /** Heartbeats do not wait for it. */
  #carryOut({ claims, releases }: Plan): void {
    if (this.#isStopping) return
    for (const cell of releases) void this.#giveAway(cell)
    for (const vacancy of claims) {
      const { cell } = vacancy
      if (this.#claiming.has(cell) || this.#held.has(cell) || this.#leaving.has(cell)) continue
      const claim = this.#claim(vacancy).finally(() => this.#claiming.delete(cell))
      this.#claiming.set(cell, claim)
    }
  }

  #onLosses(losses: readonly number[]): void {
    const { cells, logger } = this.#options
    for (const cell of losses) {
      this.#held.delete(cell)
      if (this.#leaving.has(cell)) continue
      logger.error(`cell ${cell} has another owner: this node serves it no more`)
      cells.onLost(cell)
    }
  }

  async #claim(vacancy: Vacancy): Promise<void> {
    const { tables, self, cells } = this.#options
    const { cell } = vacancy
    try {
      const table = await tables.claimCell(vacancy, self)
      if (table === undefined) return
      this.#held.set(cell, table.epoch)
      if (vacancy.reason === 'crashed') this.#takeoverCount++
      cells.onOwned(cell, table)
    } catch (error) {
      // Its objects are asked, too, and may be what fails.
      const text = `cell ${cell} could not be taken: ${(error as Error).message}; trying again`
      this.#notice.tell('claim', () => this.#options.logger.warn(text))
    }
  }

  /** Stops serving it and gives it to whoever comes next. */
  #giveAway(cell: number): Promise<void> {
    const before = this.#leaving.get(cell)
    if (before !== undefined) return before
    const leaving = this.#release(cell).finally(() => this.#leaving.delete(cell))
    this.#leaving.set(cell, leaving)
    return leaving
  }

  async #release(cell: number): Promise<void> {
    await this.#options.cells.onRelease(cell)
    const epoch = this.#held.get(cell)
    // Lost meanwhile, it is not this node's to give.
    if (epoch === undefined) return
    this.#held.delete(cell)
    await this.#tellUntilHeard(cell, () => this.#options.tables.releaseCell(cell, epoch))
  }

  /**
   * PostgreSQL may have failed: for the others the cell is this node's until it has heard of it, and nobody takes the
   * cell of a node that lives. A node that ends need not wait for that.
   */
  async #tellUntilHeard(cell: number, tell: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#options
    for (;;) {
      try {
        await tell()
        return
      } catch (error) {
        const isOver = this.#isStopping || this.#isClosed
        const then = isOver ? 'another node takes it later' : 'trying again'
        logger.warn({ err: error }, `cell ${cell} could not be released: ${then}`)
        if (isOver) return
      }
      await new Promise<void>((resolve) => void clock.after(ownershipLimits.heartbeatMs, resolve))
    }
  }

  #tellStandingBy({ isStandingBy }: Plan): void {
    if (isStandingBy === this.#isStandingBy) return
    this.#isStandingBy = isStandingBy
    const { logger } = this.#options
    if (isStandingBy)
      logger.error(
        'this node takes no cells: it has no Kafka port, others have one, and whoever has a cell leads partitions. It passes its clients on; to have cells, start it with --kafka-port',
      )
    else logger.info('this node takes cells again: no other node has a Kafka port')
  }

  #tellFrozen(): void {
    const { logger } = this.#options
    const isFrozen = this.#held.size > 0 && !this.gate.isOpen
    if (isFrozen === this.#isFrozen) return
    this.#isFrozen = isFrozen
    if (isFrozen)
      logger.error(
        'PostgreSQL does not answer: nothing is delivered, confirmed or answered until it does',
      )
    else logger.info('PostgreSQL answers again, and the cells are still ours')
  }

  #warn(error: Error): void {
    this.#options.logger.warn(`PostgreSQL: ${error.message}; trying again`)
  }

  #lose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.gate.lose()
    this.#timer?.stop()
    this.#ownership.onSuperseded()
    this.#held.clear()
    const text = `this node stops: another process has the node name "${this.#options.name}"`
    this.#options.onLost(new ExitError(exitCodes.tryLater, text))
  }
}
