// Statements about what a cluster shares above its cells.
import { numberIn } from './cell-statements.ts'
import type { Row, Statement } from './postgres-connection.ts'

/** A row that all nodes read: `kind` and `key` name it. */
export interface SharedRow {
  readonly kind: string
  /** JSON. */
  readonly key: string
  /** Of a virtual host. */
  readonly cell: number | undefined
  /** JSON. */
  readonly row: string
}

/** A put of a row that is there replaces it. Deleting a user or a virtual host deletes what names it. */
export type SharedChange =
  | {
      readonly op: 'put'
      readonly kind: string
      readonly key: string
      readonly row: string
      /** Keys of the user and the virtual host with which the row goes. */
      readonly userKey?: string
      readonly vhostKey?: string
    }
  | { readonly op: 'delete'; readonly kind: string; readonly key: string }

/** All rows, as of one moment. */
export interface SharedRows {
  readonly version: number
  readonly rows: readonly SharedRow[]
}

export function changeSharedStatement(schema: string, changes: readonly SharedChange[]): Statement {
  const rows = changes.map((change) =>
    change.op === 'put'
      ? { ...change, user_key: change.userKey, vhost_key: change.vhostKey }
      : change,
  )
  return {
    text: `SELECT ${schema}.change_shared($1::jsonb) AS version`,
    values: [JSON.stringify(rows)],
  }
}

/** `cell` is for what comes with a cell of its own; otherwise the emptiest cell gets it. */
export function placeVHostStatement(
  schema: string,
  { key, row, cell, countMax }: PlacedVHost & { readonly countMax: number },
): Statement {
  return {
    text: `SELECT ${schema}.place_vhost($1, $2, $3::int, $4::int) AS cell`,
    values: [key, row, cell ?? null, countMax],
  }
}

/** A virtual host that wants a cell. */
export interface PlacedVHost {
  readonly key: string
  readonly row: string
  readonly cell?: number
}

/** One statement, so number and rows belong together. */
export function readSharedStatement(schema: string): Statement {
  return {
    text: `SELECT c.changes, s.kind, s.key, s.cell, s.row
      FROM ${schema}.cluster c LEFT JOIN ${schema}.shared s ON true`,
  }
}

export function sharedVersionStatement(schema: string): Statement {
  return { name: 'shared', text: `SELECT changes FROM ${schema}.cluster` }
}

export function toSharedRows(rows: readonly Row[]): SharedRows {
  const [first] = rows
  if (!first) throw new Error('the cluster has no settings')
  return {
    version: numberIn(first, 'changes'),
    rows: rows.filter((row) => row['kind'] !== null).map(toSharedRow),
  }
}

function toSharedRow(row: Row): SharedRow {
  return {
    kind: String(row['kind']),
    key: String(row['key']),
    cell: row['cell'] === null ? undefined : numberIn(row, 'cell'),
    row: String(row['row']),
  }
}
