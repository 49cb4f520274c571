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

/** The change of a row. */
export function accessOf({ kind, key, ...change }: SharedChange): AccessChange {
  if (change.op === 'put') {
    return { kind, op: 'put', row: JSON.parse(change.row) as unknown } as AccessChange
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
  before: ReadonlyMap<string, SharedRow>,
  after: ReadonlyMap<string, SharedRow>,
): SharedChange[] {
  const changes: SharedChange[] = []
  for (const [name, { kind, key }] of before) {
    if (!after.has(name)) changes.push({ op: 'delete', kind, key })
  }
  const put = [...after].filter(([name, { row }]) => before.get(name)?.row !== row)
  put.sort(([, left], [, right]) => kinds.indexOf(left.kind) - kinds.indexOf(right.kind))
  for (const [, { kind, key, row }] of put) changes.push({ op: 'put', kind, key, row })
  return changes
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
