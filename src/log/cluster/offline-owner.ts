// Owns a cell for a command while no node does: it joins as a node that wants no cells of its own, waits until nobody
// shows that it lives, claims, and goes on beating, so that nodes that are started meanwhile stand by.
import type { Clock, Timer } from '../../lib/clock.ts'
import { wait } from '../../lib/wait.ts'
import { carryLimits } from '../../limits/carry.ts'
import { ownershipLimits } from '../../limits/postgres.ts'
import { LogError } from '../log-error.ts'
import type { CellEpochs } from './cell-epochs.ts'
import type { CellTable } from './cell-table.ts'
import type { CellRow, Incarnation, NodeRow } from './ownership/observation.ts'
import { Takeover, type Look } from './ownership/takeover.ts'
import type { ClusterTables } from './postgres/cluster-tables.ts'

/** One command at a time: the next one's incarnation ends an earlier one. */
const nodeName = '(offline)'

export interface OfflineOwnerOptions {
  readonly tables: Pick<
    ClusterTables,
    'beat' | 'claimCell' | 'drain' | 'join' | 'leave' | 'releaseCell'
  >
  readonly epochs: Pick<CellEpochs, 'claim'>
  readonly cell: number
  readonly clock: Clock
  /** What it is for, as nodes show it. */
  readonly what: string
}

export class OfflineOwner implements AsyncDisposable {
  readonly table: CellTable
  readonly #options: OfflineOwnerOptions
  readonly #self: Incarnation
  readonly #timer: Timer
  #beating: Promise<unknown> = Promise.resolve()

  private constructor(options: OfflineOwnerOptions, self: Incarnation, table: CellTable) {
    this.table = table
    this.#options = options
    this.#self = self
    this.#timer = options.clock.every(ownershipLimits.heartbeatMs, () => this.#beat())
  }

  /** Throws `LogError` 'locked' when somebody has the cell, or may not. */
  static async claim(options: OfflineOwnerOptions): Promise<OfflineOwner> {
    const { tables, what } = options
    const info = JSON.stringify({ command: what })
    const self = await tables.join({ name: nodeName, address: '', info })
    try {
      await tables.drain(self, true)
      return new OfflineOwner(options, self, await new Claim(options, self).make())
    } catch (error) {
      await tables.leave(self).catch(() => undefined)
      throw error
    }
  }

  /** Whoever waits has the cell at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { tables, cell } = this.#options
    this.#timer.stop()
    await this.#beating
    await this.table.close()
    await tables.releaseCell(cell, this.table.epoch)
    await tables.leave(this.#self)
  }

  /** One that fails is no matter: when the cell is lost, its table says so. */
  #beat(): void {
    const beat = (): Promise<unknown> =>
      this.#options.tables.beat(this.#self).catch(() => undefined)
    this.#beating = this.#beating.then(beat)
  }
}

class Claim {
  readonly #options: OfflineOwnerOptions
  readonly #self: Incarnation
  readonly #takeover: Takeover
  /** The owner as it was seen first. */
  #owner: NodeRow | undefined

  constructor(options: OfflineOwnerOptions, self: Incarnation) {
    this.#options = options
    this.#self = self
    this.#takeover = new Takeover(self)
  }

  async make(): Promise<CellTable> {
    const { tables, epochs, cell, clock } = this.#options
    for (let looks = 0; looks < carryLimits.ownerLooksMax; looks++) {
      if (looks > 0) await wait(clock, ownershipLimits.heartbeatMs)
      const look = await tables.beat(this.#self)
      if (look === undefined) {
        throw new LogError('locked', 'another command has begun to work on this cluster')
      }
      this.#check(look)
      const { vacancies } = this.#takeover.look(look, new Map())
      const vacancy = vacancies.find((each) => each.cell === cell)
      const table = vacancy && (await epochs.claim(tables, vacancy, this.#self))
      if (table !== undefined) return table
    }
    throw this.#ownedError()
  }

  #check({ observation }: Look): void {
    const { cell } = this.#options
    const row = observation.cells.find((each) => each.cell === cell)
    if (row === undefined) {
      const last = observation.cells.length - 1
      throw new LogError('io', `there is no cell ${cell}: the cluster has cells 0 to ${last}`)
    }
    if (row.isDown) {
      const advice = 'run "pabal cluster reopen" first'
      throw new LogError('locked', `cell ${cell} is down because its owners crashed: ${advice}`)
    }
    this.#watchOwner(row, observation.nodes)
  }

  /** Who shows that it lives is not waited for. */
  #watchOwner({ owner }: CellRow, nodes: readonly NodeRow[]): void {
    const now = nodes.find(({ node }) => node === owner?.node)
    const before = this.#owner
    this.#owner = now
    if (now === undefined || before?.node !== now.node || now.node === this.#self.node) return
    if (now.heartbeat !== before.heartbeat) throw this.#ownedError()
  }

  #ownedError(): LogError {
    const name = this.#owner === undefined ? 'a node' : `the node "${this.#owner.name}"`
    const text = `${name} owns cell ${this.#options.cell}`
    return new LogError('locked', `${text}: stop all nodes of the cluster and run it again`)
  }
}
