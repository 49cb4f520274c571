// The way into a cluster's PostgreSQL: its tables, the nodes, who owns which cell. Loaded only in a cluster. Unlike a
// cell's table, nothing here is tried for ever: whoever sends heartbeats and claims looks again a second later.
import type { Clock } from '../../../lib/clock.ts'
import type { Random } from '../../../lib/random.ts'
import { ownershipLimits, postgresLimits } from '../../../limits/postgres.ts'
import type { CellTable } from '../cell-table.ts'
import type { CellRow, Incarnation } from '../ownership/observation.ts'
import type { Look, Vacancy } from '../ownership/takeover.ts'
import { CellStatements, type Claim, numberIn } from './cell-statements.ts'
import * as statements from './ownership-statements.ts'
import { parsePostgresAddress } from './postgres-address.ts'
import { PostgresCellTable } from './postgres-cell-table.ts'
import type { PostgresConnection, Row, Statement } from './postgres-connection.ts'
import { judgePostgresError } from './postgres-error.ts'
import { PrimaryFinder } from './primary-finder.ts'
import { type ClusterSettings, prepareSchema } from './schema.ts'
import { findInServer, readServerSettings, type ServerFinding } from './server-check.ts'
import * as shared from './shared-statements.ts'

/** Those of nodes and of people who look. */
const ownConnections = 20

export interface ClusterTablesOptions {
  /** `postgres://user:password@host1,host2/database`. */
  readonly address: string
  readonly clock: Clock
  readonly random: Random
  /** Cells of a cluster that is made now; one that is there keeps its own. */
  readonly cellCount?: number
  /** Told of each try of a cell's statement that has to be repeated, and with undefined when it is over. */
  readonly onTrouble?: (cell: number, trouble: Error | undefined) => void
}

export class ClusterTables {
  readonly settings: ClusterSettings
  readonly #options: ClusterTablesOptions
  readonly #schema: string
  readonly #finder: PrimaryFinder
  #connection: PostgresConnection | undefined
  #opening: Promise<PostgresConnection> | undefined
  #isClosed = false

  private constructor(
    options: ClusterTablesOptions,
    schema: string,
    finder: PrimaryFinder,
    settings: ClusterSettings,
  ) {
    this.settings = settings
    this.#options = options
    this.#schema = schema
    this.#finder = finder
  }

  /** Makes or migrates the tables. @throws Error when there is no primary, or nothing that may be done there. */
  static async open(options: ClusterTablesOptions): Promise<ClusterTables> {
    const address = parsePostgresAddress(options.address)
    const finder = new PrimaryFinder(address, options.clock)
    const wanted = {
      clusterId: options.random.bytes(16).toString('hex'),
      cellCount: options.cellCount ?? postgresLimits.cellsDefault,
    }
    for (;;) {
      const connection = await finder.open()
      try {
        const settings = await prepareSchema(connection, address.schema, wanted)
        const tables = new ClusterTables(options, address.schema, finder, settings)
        tables.#connection = connection
        return tables
      } catch (error) {
        connection.close()
        // Another node makes them at this moment: what is there the next time is not made again.
        if (judgePostgresError(error) !== 'exists') throw error
      }
    }
  }

  /** A name's number stays the same; from now on an earlier process of that name is over. @throws Error */
  async join(node: statements.NodeDescription): Promise<Incarnation> {
    const [row] = await this.#run(statements.joinStatement(this.#schema, node))
    if (!row) throw new Error('PostgreSQL did not say which number the node has')
    return { node: numberIn(row, 'node'), incarnation: numberIn(row, 'incarnation') }
  }

  /**
   * A heartbeat, and what there is to see after it; undefined when another process has this node's name.
   * @throws Error when it is not known to be on the standby: then it counts for nothing.
   */
  async beat(self: Incarnation): Promise<Look | undefined> {
    const { clock } = this.#options
    const sentAt = clock.monotonic()
    const rows = await this.#run(statements.heartbeatStatement(this.#schema, self))
    if (rows.length === 0) return undefined
    const nodes = await this.#run(statements.listNodesStatement(this.#schema))
    const cells = await this.readCells()
    const [changes] = await this.#run(shared.sharedVersionStatement(this.#schema))
    const observation = { nodes: nodes.map(statements.toNodeRow), cells }
    const sharedVersion = changes ? numberIn(changes, 'changes') : 0
    return { observation, sharedVersion, sentAt, seenAt: clock.monotonic() }
  }

  /** What the cluster shares above its cells. @throws Error */
  async readShared(): Promise<shared.SharedRows> {
    return shared.toSharedRows(await this.#run(shared.readSharedStatement(this.#schema)))
  }

  /** Several are one change; doing it twice is doing it once. @throws Error when it is not known to be done. */
  async changeShared(changes: readonly shared.SharedChange[]): Promise<void> {
    await this.#run(shared.changeSharedStatement(this.#schema, changes))
  }

  /**
   * The cell of a virtual host, which gets one if it has none; undefined when there are too many virtual hosts.
   * @throws Error when it is not known: asking again is safe.
   */
  async placeVHost(placed: shared.PlacedVHost, countMax: number): Promise<number | undefined> {
    const statement = shared.placeVHostStatement(this.#schema, { ...placed, countMax })
    const [row] = await this.#run(statement)
    const cell = row ? numberIn(row, 'cell') : -1
    return cell < 0 ? undefined : cell
  }

  /** Where the node is reached, and what else it says of itself. @throws Error */
  async describe(self: Incarnation, node: Omit<statements.NodeDescription, 'name'>): Promise<void> {
    await this.#run(statements.describeStatement(this.#schema, self, node))
  }

  /** The cell failed on this node: it has no owner now, and goes down with one failure too many. @throws Error */
  async failCell(cell: number, epoch: number): Promise<void> {
    await this.#run(statements.failStatement(this.#schema, cell, epoch))
  }

  /** @throws Error */
  async readCells(): Promise<readonly CellRow[]> {
    return (await this.#run(statements.listCellsStatement(this.#schema))).map(statements.toCellRow)
  }

  /**
   * Takes the cell, after which its earlier owner writes nothing any more; undefined when somebody else was first,
   * the owner lives, or the cell goes down. @throws Error when it is not known: the next look tells.
   * The epoch is `epochMin` at least.
   */
  async claimCell(
    vacancy: Vacancy,
    self: Incarnation,
    epochMin = 0,
  ): Promise<CellTable | undefined> {
    const { cell } = vacancy
    const claim = this.#options.random.bytes(16).toString('hex')
    try {
      await this.#run(
        statements.claimStatement(this.#schema, vacancy, { ...self, claim, epochMin }),
      )
    } catch {
      // What became of it stands in the row.
    }
    const [row] = await this.#run(statements.lockCellStatement(this.#schema, cell))
    if (!row || row['claim'] !== claim || row['owner'] === null) return undefined
    return this.#openTable({ cell, epoch: numberIn(row, 'epoch'), claim })
  }

  /** The cell has no owner from now on: for one that is handed over or whose node stops. @throws Error */
  async releaseCell(cell: number, epoch: number): Promise<void> {
    await this.#run(statements.releaseStatement(this.#schema, cell, epoch))
  }

  /** A node that drains keeps its cells until it releases them, and is to have none. @throws Error */
  async drain(self: Incarnation, isDraining: boolean): Promise<void> {
    await this.#run(statements.drainStatement(this.#schema, self, isDraining))
  }

  /** For one that does not come back under its name, and owns nothing. @throws Error */
  async leave(self: Incarnation): Promise<void> {
    await this.#run(statements.leaveStatement(this.#schema, self))
  }

  /**
   * A node that is gone and does not come back; false when it has come back, or owns a cell still.
   * @throws Error when it is not known: asking again is safe.
   */
  async forget(gone: Incarnation): Promise<boolean> {
    return (await this.#run(statements.forgetStatement(this.#schema, gone))).length > 0
  }

  /** Cells that have data, in order. @throws Error */
  async usedCells(): Promise<readonly number[]> {
    const rows = await this.#run(statements.listUsedCellsStatement(this.#schema))
    return rows.map((row) => numberIn(row, 'cell'))
  }

  /** A cell that is down may be claimed again. @throws Error */
  async reopenCell(cell: number): Promise<void> {
    await this.#run(statements.reopenStatement(this.#schema, cell))
  }

  /** What is wrong with the server, for whoever starts a node. @throws Error */
  async checkServer(): Promise<readonly ServerFinding[]> {
    const [row] = await this.#run(readServerSettings)
    const perCell = 2
    return row ? findInServer(row, this.settings.cellCount * perCell + ownConnections) : []
  }

  /** Tables of cells have connections of their own. */
  close(): void {
    this.#isClosed = true
    this.#connection?.close()
  }

  #openTable(claim: Claim): CellTable {
    const { clock, random, onTrouble } = this.#options
    return new PostgresCellTable(claim, {
      clock,
      random,
      finder: this.#finder,
      statements: new CellStatements(this.#schema),
      onTrouble: (trouble) => onTrouble?.(claim.cell, trouble),
    })
  }

  /** One for all who ask: their statements take turns, so what was sent later is seen later. */
  #connected(): Promise<PostgresConnection> {
    const connection = this.#connection
    if (connection?.isOpen) return Promise.resolve(connection)
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async #connect(): Promise<PostgresConnection> {
    const connection = await this.#finder.open()
    if (this.#isClosed) {
      connection.close()
      throw new Error('closed')
    }
    this.#connection = connection
    return connection
  }

  /** A statement in doubt has failed, and so has its connection: the next one begins with another. */
  async #run(statement: Statement): Promise<readonly Row[]> {
    const connection = await this.#connected()
    try {
      const { rows, doubt } = await connection.run(statement, ownershipLimits.ownLimitMs)
      if (doubt !== undefined) throw new Error(doubt)
      return rows
    } catch (error) {
      connection.close()
      throw error
    }
  }
}
