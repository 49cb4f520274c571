// Who may do what, as rows that a cluster shares: keys and rows are JSON, in which every name can be written.
import type { SharedChange, SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import { type AclRow, keyOfAcl } from '../meta/acl-row.ts'

/** Users come before what names them. */
const kinds: readonly string[] = ['user', 'permission', 'topic-permission', 'acl']

/** The key of a virtual host's row. */
export function vhostKey(name: string): string {
  return JSON.stringify(name)
}

/** The row that a change puts or deletes. */
export function rowOf(change: AccessChange): SharedChange {
  const { kind } = change
  const key = JSON.stringify(keyOf(change))
  if (change.op === 'delete') return { op: 'delete', kind, key }
  const { row } = change
  const put = { op: 'put', kind, key, row: JSON.stringify(row) } as const
  if (!('vhost' in row)) return put
  return { ...put, userKey: JSON.stringify(row.user), vhostKey: vhostKey(row.vhost) }
}

/**
 * The same of a user with who that is, which stays from row to row: so nodes that have not seen that a user was deleted
 * see that another one was made. `chance` is for one that had no row before.
 */
export function withId(
  change: SharedChange,
  before: SharedRow | undefined,
  chance: string,
): SharedChange {
  if (change.op === 'delete' || change.kind !== 'user') return change
  const id = before === undefined ? chance : idOf(before)
  return { ...change, row: JSON.stringify({ ...(JSON.parse(change.row) as object), id }) }
}

/** The change of a row. */
export function accessOf({ kind, key, ...change }: SharedChange): AccessChange {
  if (change.op === 'put') {
    const row: unknown = JSON.parse(kind === 'user' ? withoutId(change.row) : change.row)
    return { kind, op: 'put', row } as AccessChange
  }
  const named: unknown = JSON.parse(key)
  if (kind === 'user') return { kind, op: 'delete', name: named as string }
  if (kind === 'acl') return { kind, op: 'delete', row: aclOf(named as string) }
  const [user, vhost, exchange] = named as string[]
  return {
    kind,
    op: 'delete',
    user,
    vhost,
    ...(exchange !== undefined && { exchange }),
  } as AccessChange
}

/** Undefined for one that a version without ids has made. */
function idOf({ row }: Pick<SharedRow, 'row'>): string | undefined {
  return (JSON.parse(row) as { readonly id?: string }).id
}

/** The row of a user as a data folder has it. */
export function withoutId(row: string): string {
  const { id: _, ...rest } = JSON.parse(row) as { readonly id?: string }
  return JSON.stringify(rest)
}

/** Whether this version knows what rows of the kind are about; a newer one may have more. */
export function isAccessKind(kind: string): boolean {
  return kinds.includes(kind)
}

/** Does to rows, by kind and key, what the database does: what names a user or a virtual host goes with it. */
export function applyShared(rows: Map<string, SharedRow>, change: SharedChange): void {
  const { op, kind, key } = change
  if (op === 'put') {
    rows.set(`${kind} ${key}`, { kind, key, cell: undefined, row: change.row })
    return
  }
  rows.delete(`${kind} ${key}`)
  const place = kind === 'user' ? 0 : kind === 'vhost' ? 1 : undefined
  if (place === undefined) return
  const gone: unknown = JSON.parse(key)
  for (const [name, row] of rows) {
    // Most are somebody else's, and need no parsing.
    if (!row.kind.endsWith('permission') || !row.key.includes(key)) continue
    if ((JSON.parse(row.key) as readonly unknown[])[place] === gone) rows.delete(name)
  }
}

/** What makes `after` of `before`; both by kind and key. */
export function changesBetween(
  all: ReadonlyMap<string, SharedRow>,
  after: ReadonlyMap<string, SharedRow>,
): SharedChange[] {
  const remade = [...all.values()].filter((row) => isRemade(row, after))
  const changes: SharedChange[] = []
  const before = new Map(all)
  // All that named the earlier one goes with it.
  for (const { kind, key } of remade) {
    changes.push({ op: 'delete', kind, key })
    applyShared(before, { op: 'delete', kind, key })
  }
  for (const [name, { kind, key }] of before) {
    if (!after.has(name)) changes.push({ op: 'delete', kind, key })
  }
  const put = [...after].filter(([name, { row }]) => before.get(name)?.row !== row)
  put.sort(([, left], [, right]) => kinds.indexOf(left.kind) - kinds.indexOf(right.kind))
  for (const [, { kind, key, row }] of put) changes.push({ op: 'put', kind, key, row })
  return changes
}

/** Whether a user has been deleted and made again meanwhile. An older version writes rows without ids. */
function isRemade(row: SharedRow, after: ReadonlyMap<string, SharedRow>): boolean {
  if (row.kind !== 'user') return false
  const now = after.get(`user ${row.key}`)
  if (now === undefined || now.row === row.row) return false
  const id = idOf(now)
  return id !== undefined && id !== idOf(row)
}

function keyOf(change: AccessChange): string | readonly string[] {
  switch (change.kind) {
    case 'user':
      return change.op === 'put' ? change.row.name : change.name
    case 'acl':
      return keyOfAcl(change.row)
    default: {
      const { user, vhost, ...rest } = change.op === 'put' ? change.row : change
      return 'exchange' in rest ? [user, vhost, rest.exchange] : [user, vhost]
    }
  }
}

function aclOf(key: string): AclRow {
  const [resourceType, name, patternType, principal, host, operation, permission] = JSON.parse(
    key,
  ) as string[]
  return { resourceType, name, patternType, principal, host, operation, permission } as AclRow
}
