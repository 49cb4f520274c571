// This node among the nodes of a cluster: it sends heartbeats, sees what the others do, and takes a cell whose owner is
// gone. Who owns what stands in the database; nodes never ask each other.
import type { Clock, Timer } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import { ServingGate } from '../lib/serving-gate.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import type { Incarnation } from '../log/cluster/ownership/observation.ts'
import { Ownership, type Plan } from '../log/cluster/ownership/ownership.ts'
import type { Look } from '../log/cluster/ownership/takeover.ts'
import type { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'

export interface ClusterMemberOptions {
  readonly tables: Pick<ClusterTables, 'beat' | 'claimCell' | 'drain' | 'releaseCell' | 'close'>
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
  readonly reject: (error: Error) => void
}

export class ClusterMember {
  /** Open for as long as the lease of this node lasts. */
  readonly gate: ServingGate
  readonly #options: ClusterMemberOptions
  readonly #ownership: Ownership
  /** Cells of this node with their epochs. */
  readonly #held = new Map<number, number>()
  readonly #notice: RepeatedNotice
  #wanted: Wanted | undefined
  #timer: Timer | undefined
  #beating: Promise<void> = Promise.resolve()
  #isFrozen = false
  #isClosed = false
  #isLost = false

  constructor(options: ClusterMemberOptions) {
    this.#options = options
    this.gate = new ServingGate(options.clock)
    this.#ownership = new Ownership(options.self)
    this.#notice = new RepeatedNotice(options.clock, ownershipLimits.noticeMs)
    this.#beating = this.#beat()
    this.#timer = options.clock.every(ownershipLimits.heartbeatMs, () => this.#next())
  }

  /** Resolves when the cell is this node's; whoever waits is a standby. Rejects when it can never be. */
  own(cell: number): Promise<CellTable> {
    return new Promise((resolve, reject) => {
      this.#wanted = { cell, resolve, reject }
    })
  }

  /** Gives the cell to whoever comes next. */
  async #release(): Promise<void> {
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
    if (!this.#isLost) await this.#drain()
    await this.#release()
    this.#notice.close()
    this.#options.tables.close()
  }

  /** Others are to have its cells now, and not when this node looks dead. */
  async #drain(): Promise<void> {
    const { tables, self, logger } = this.#options
    try {
      await tables.drain(self, true)
    } catch (error) {
      logger.warn({ err: error }, 'the others could not be told that this node stops')
    }
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
      this.#ownership.onSuperseded()
      this.#lose(`another process has the node name "${this.#options.name}"`)
      return
    }
    this.#tellDown(look)
    const plan = this.#ownership.onLook(look, this.#held)
    // What was held back for clients of a cell that is another's must not leave.
    if (plan.losses.length === 0) this.gate.openUntil(this.#ownership.leaseEndsAt)
    this.#tellFrozen()
    await this.#carryOut(plan)
  }

  /** A node gives its only cell away by stopping, so `releases` are for nodes with several. */
  async #carryOut({ losses, claims }: Plan): Promise<void> {
    const { tables, self } = this.#options
    const [gone] = losses
    if (gone !== undefined) {
      this.#lose(`cell ${gone} has another owner`)
      return
    }
    const wanted = this.#wanted
    const vacancy = claims.find(({ cell }) => cell === wanted?.cell)
    if (wanted === undefined || vacancy === undefined) return
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

  /** Nobody takes such a cell: all nodes would stand by for ever, and each for another one. */
  #tellDown({ observation }: Look): void {
    for (const { cell, isDown } of observation.cells) {
      if (!isDown) continue
      this.#notice.tell(`cell ${cell} is down`, () =>
        this.#options.logger.error(
          `cell ${cell} is down: its owners crashed ${ownershipLimits.crashesMax} times in ${ownershipLimits.crashesMs / 60_000} minutes. See in their logs why, then let nodes have it again with "pabal cluster reopen"`,
        ),
      )
    }
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
    else logger.info('PostgreSQL answers again, and the cell is still ours')
  }

  #warn(error: Error): void {
    this.#options.logger.warn(`PostgreSQL: ${error.message}; trying again`)
  }

  #lose(why: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isLost = true
    this.gate.lose()
    this.#timer?.stop()
    const text = `this node stops: ${why}; start it again to stand by`
    const error = new ExitError(exitCodes.tryLater, text)
    this.#wanted?.reject(error)
    this.#options.onLost(error)
  }
}
