// This node among the nodes of a cluster: it sends heartbeats, sees what the others do, and takes a cell whose owner is
// gone. Who owns what stands in the database; nodes never ask each other.
import type { Clock, Timer } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import { Lease } from '../log/cluster/ownership/lease.ts'
import type { Incarnation } from '../log/cluster/ownership/observation.ts'
import { placeCells } from '../log/cluster/ownership/placement.ts'
import { type Look, Takeover } from '../log/cluster/ownership/takeover.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'

export interface ClusterMemberOptions {
  readonly tables: ClusterTables
  readonly self: Incarnation
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
  /** The cell, or the node's name, has another owner: nothing that this process does counts any more. */
  readonly onLost: (error: Error) => void
}

interface Wanted {
  readonly cell: number
  readonly resolve: (table: CellTable) => void
}

export class ClusterMember {
  readonly #options: ClusterMemberOptions
  readonly #lease = new Lease()
  readonly #takeover: Takeover
  /** Cells of this node with their epochs. */
  readonly #held = new Map<number, number>()
  readonly #notice: RepeatedNotice
  #wanted: Wanted | undefined
  #timer: Timer | undefined
  #beating: Promise<void> = Promise.resolve()
  #isFrozen = false
  #isClosed = false

  constructor(options: ClusterMemberOptions) {
    this.#options = options
    this.#takeover = new Takeover(options.self)
    this.#notice = new RepeatedNotice(options.clock, ownershipLimits.noticeMs)
    this.#beating = this.#beat()
    this.#timer = options.clock.every(ownershipLimits.heartbeatMs, () => this.#next())
  }

  /** Resolves when the cell is this node's; whoever waits is a standby. */
  own(cell: number): Promise<CellTable> {
    return new Promise((resolve) => {
      this.#wanted = { cell, resolve }
    })
  }

  /** Gives the cell to whoever comes next, without waiting for it to look dead. */
  async release(): Promise<void> {
    const { tables, logger } = this.#options
    for (const [cell, epoch] of this.#held) {
      this.#held.delete(cell)
      try {
        await tables.releaseCell(cell, epoch)
      } catch (error) {
        logger.warn(
          { err: error },
          `cell ${cell} could not be released: another node takes it later`,
        )
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.stop()
    await this.#beating
    await this.release()
    this.#notice.close()
    this.#options.tables.close()
  }

  /** One after the other: a database that answers slowly is not asked more for it. */
  #next(): void {
    const previous = this.#beating
    let isDone = false
    void previous.then(() => (isDone = true))
    this.#options.clock.atEndOfTurn(() => {
      if (this.#isClosed) return
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
      this.#lease.onSuperseded()
      this.#lose(`another process has the node name "${this.#options.name}"`)
      return
    }
    this.#lease.onHeartbeat(look.sentAt)
    this.#tellFrozen()
    await this.#act(look)
  }

  async #act(look: Look): Promise<void> {
    const { tables, self } = this.#options
    const { vacancies, lost, living } = this.#takeover.look(look, this.#held)
    const [gone] = lost
    if (gone !== undefined) {
      this.#lose(`cell ${gone} has another owner`)
      return
    }
    const wanted = this.#wanted
    if (wanted === undefined) return
    const placed = placeCells(look.observation.cells, living)
    const vacancy = vacancies.find(({ cell }) => cell === wanted.cell)
    if (vacancy === undefined || placed.get(wanted.cell) !== self.node) return
    try {
      const table = await tables.claimCell(vacancy, self)
      if (table === undefined) return
      this.#wanted = undefined
      this.#held.set(wanted.cell, table.epoch)
      wanted.resolve(table)
    } catch (error) {
      this.#notice.tell('claim', () => this.#warn(error as Error))
    }
  }

  #tellFrozen(): void {
    const { clock, logger } = this.#options
    const isFrozen = this.#held.size > 0 && this.#lease.stateAt(clock.monotonic()) === 'frozen'
    if (isFrozen === this.#isFrozen) return
    this.#isFrozen = isFrozen
    if (isFrozen) logger.error('PostgreSQL does not answer: nothing is confirmed until it does')
    else logger.info('PostgreSQL answers again, and the cell is still ours')
  }

  #warn(error: Error): void {
    this.#options.logger.warn(`PostgreSQL: ${error.message}; trying again`)
  }

  #lose(why: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.stop()
    this.#options.onLost(
      new ExitError(exitCodes.tryLater, `this node stops: ${why}; start it again to stand by`),
    )
  }
}
