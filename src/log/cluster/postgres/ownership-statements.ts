// Every statement about nodes and owners. A claim is compare-and-swap: on the cell's epoch, and on the heartbeat of
// the owner that is taken for dead, whose row it locks against one that comes in at the same moment.
import { ownershipLimits } from '../../../limits/postgres.ts'
import type { CellRow, Incarnation, NodeRow } from '../ownership/observation.ts'
import type { Vacancy } from '../ownership/takeover.ts'
import { numberIn } from './cell-statements.ts'
import type { Row, Statement } from './postgres-connection.ts'

/** What a node says of itself. */
export interface NodeDescription {
  readonly name: string
  readonly address: string
  /** JSON. */
  readonly info: string
}

/** The same name gets the same number again, and a higher incarnation, after which the older process is over. */
export function joinStatement(schema: string, { name, address, info }: NodeDescription): Statement {
  return {
    text: `INSERT INTO ${schema}.nodes AS n (name, address, info) VALUES ($1, $2, $3)
      ON CONFLICT (name) DO UPDATE SET incarnation = n.incarnation + 1, heartbeat = n.heartbeat + 1,
        is_draining = false, address = excluded.address, info = excluded.info
      RETURNING node, incarnation`,
    values: [name, address, info],
  }
}

export function describeStatement(
  schema: string,
  self: Incarnation,
  { address, info }: Omit<NodeDescription, 'name'>,
): Statement {
  return {
    text: `UPDATE ${schema}.nodes SET address = $3, info = $4
      WHERE node = $1::int AND incarnation = $2::bigint`,
    values: [self.node, self.incarnation, address, info],
  }
}

/** No row when the name has a newer incarnation. */
export function heartbeatStatement(schema: string, self: Incarnation): Statement {
  return {
    name: 'heartbeat',
    text: `UPDATE ${schema}.nodes SET heartbeat = heartbeat + 1
      WHERE node = $1::int AND incarnation = $2::bigint RETURNING node`,
    values: [self.node, self.incarnation],
  }
}

/** A newer incarnation of the name says for itself whether it drains. */
export function drainStatement(schema: string, self: Incarnation, isDraining: boolean): Statement {
  return {
    text: `UPDATE ${schema}.nodes SET is_draining = $3::text::boolean
      WHERE node = $1::int AND incarnation = $2::bigint RETURNING node`,
    values: [self.node, self.incarnation, String(isDraining)],
  }
}

/** No row when it has started again meanwhile, or owns a cell still. */
export function forgetStatement(schema: string, gone: Incarnation): Statement {
  return {
    text: `DELETE FROM ${schema}.nodes WHERE node = $1::int AND incarnation = $2::bigint
      AND NOT EXISTS (SELECT 1 FROM ${schema}.cells WHERE owner = $1::int) RETURNING node`,
    values: [gone.node, gone.incarnation],
  }
}

/** It is over and does not come back under its name; what it owns must have been released. */
export function leaveStatement(schema: string, self: Incarnation): Statement {
  return {
    text: `DELETE FROM ${schema}.nodes WHERE node = $1::int AND incarnation = $2::bigint`,
    values: [self.node, self.incarnation],
  }
}

/** Those that a store was ever opened on. */
export function listUsedCellsStatement(schema: string): Statement {
  return { text: `SELECT cell FROM ${schema}.manifests ORDER BY cell` }
}

export function listNodesStatement(schema: string): Statement {
  return {
    name: 'nodes',
    text: `SELECT node, name, incarnation, heartbeat, is_draining, address, info
      FROM ${schema}.nodes ORDER BY node`,
  }
}

export function listCellsStatement(schema: string): Statement {
  return {
    name: 'cells',
    text: `SELECT cell, epoch, owner, owner_incarnation, is_down FROM ${schema}.cells ORDER BY cell`,
  }
}

const recentCrashes: string = `ARRAY(SELECT t FROM unnest(crashes) t
  WHERE t > now() - interval '${ownershipLimits.crashesMs} milliseconds')`

/** Who claims, under which name, and the lowest epoch that it may get. */
export interface Claimant extends Incarnation {
  readonly claim: string
  readonly epochMin: number
}

/**
 * Raises the epoch, whether the node gets the cell or it goes down with one crash too many: in both cases the
 * earlier owner is over.
 */
export function claimStatement(
  schema: string,
  vacancy: Vacancy,
  { node, incarnation, claim, epochMin }: Claimant,
): Statement {
  const { witness } = vacancy
  const crashes = `(${recentCrashes} || CASE WHEN $5::text::boolean THEN ARRAY[now()]
    ELSE '{}'::timestamptz[] END)`
  const isDown = `cardinality(${crashes}) >= ${ownershipLimits.crashesMax} AND $5::text::boolean`
  return {
    text: `WITH witness AS MATERIALIZED (SELECT 1 AS one FROM ${schema}.nodes WHERE node = $6::int
        AND incarnation = $7::bigint AND heartbeat = $8::bigint FOR SHARE)
      UPDATE ${schema}.cells SET epoch = greatest(epoch + 1, $10::bigint), session = session + 1, crashes = ${crashes}, claim = $9,
        is_down = ${isDown}, owner = CASE WHEN ${isDown} THEN NULL ELSE $3::int END,
        owner_incarnation = CASE WHEN ${isDown} THEN NULL ELSE $4::bigint END
      WHERE cell = $1::int AND epoch = $2::bigint AND NOT is_down
        AND ($6::int IS NULL OR EXISTS (SELECT FROM witness))`,
    values: [
      vacancy.cell,
      vacancy.epoch,
      node,
      incarnation,
      String(vacancy.reason !== 'free'),
      witness?.node ?? null,
      witness?.incarnation ?? null,
      witness?.heartbeat ?? null,
      claim,
      epochMin,
    ],
  }
}

/** After a claim: waits for all that is under way on the row, and for the standby. */
export function lockCellStatement(schema: string, cell: number): Statement {
  return {
    text: `SELECT epoch, claim, owner FROM ${schema}.cells
      WHERE cell = $1::int FOR NO KEY UPDATE`,
    values: [cell],
  }
}

/** The owner gives the cell away: no crash, and nothing under this epoch counts any more. */
export function releaseStatement(schema: string, cell: number, epoch: number): Statement {
  return {
    text: `UPDATE ${schema}.cells SET epoch = epoch + 1, session = session + 1, owner = NULL,
      owner_incarnation = NULL WHERE cell = $1::int AND epoch = $2::bigint`,
    values: [cell, epoch],
  }
}

/** The owner could not serve it: that counts as a crash. */
export function failStatement(schema: string, cell: number, epoch: number): Statement {
  return {
    text: `UPDATE ${schema}.cells SET epoch = epoch + 1, session = session + 1, owner = NULL,
      owner_incarnation = NULL, crashes = ${recentCrashes} || ARRAY[now()],
      is_down = cardinality(${recentCrashes}) + 1 >= ${ownershipLimits.crashesMax}
      WHERE cell = $1::int AND epoch = $2::bigint`,
    values: [cell, epoch],
  }
}

/** A cell that is down may be claimed again. */
export function reopenStatement(schema: string, cell: number): Statement {
  return {
    text: `UPDATE ${schema}.cells SET is_down = false, crashes = '{}'
      WHERE cell = $1::int AND is_down`,
    values: [cell],
  }
}

export function toNodeRow(row: Row): NodeRow {
  return {
    node: numberIn(row, 'node'),
    name: String(row['name']),
    incarnation: numberIn(row, 'incarnation'),
    heartbeat: numberIn(row, 'heartbeat'),
    isDraining: row['is_draining'] === true,
    address: String(row['address']),
    info: String(row['info']),
  }
}

export function toCellRow(row: Row): CellRow {
  const hasOwner = row['owner'] !== null
  return {
    cell: numberIn(row, 'cell'),
    epoch: numberIn(row, 'epoch'),
    owner: hasOwner
      ? { node: numberIn(row, 'owner'), incarnation: numberIn(row, 'owner_incarnation') }
      : undefined,
    isDown: row['is_down'] === true,
  }
}
