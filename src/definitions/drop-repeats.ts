// Of what a file asks for twice the last one counts, as it would if all were done in order; the others are
// told. Without that each import would change things back and forth.
import { quotaEntityText } from '../broker/quota/quota-entity.ts'
import type { Definitions, LeftOut } from './definitions.ts'

/** The lists in which a thing replaces another; in the others it is the same thing, or is refused. */
export function dropRepeats(definitions: Definitions): void {
  const { vhosts, users, permissions, topicPermissions, policies, topics, leftOut } = definitions
  const { globalParameters, quotas } = definitions
  const drop = <T>(rows: T[], describe: (row: T) => Omit<LeftOut, 'reason'>): void => {
    const keyOf = (row: T): string => JSON.stringify(Object.values(describe(row)))
    const last = new Map(rows.map((row) => [keyOf(row), row]))
    if (last.size === rows.length) return
    for (const row of rows) {
      if (last.get(keyOf(row)) === row) continue
      leftOut.push({ ...describe(row), reason: 'it comes again later in the file' })
    }
    rows.splice(0, rows.length, ...rows.filter((row) => last.get(keyOf(row)) === row))
  }
  drop(vhosts, ({ name }) => ({ kind: 'virtual host', name }))
  drop(users, ({ name }) => ({ kind: 'user', name }))
  drop(permissions, ({ user, vhost }) => ({ kind: 'permission', vhost, name: user }))
  drop(topicPermissions, ({ user, vhost, exchange }) => {
    return { kind: 'topic permission', vhost, name: `${user} on ${exchange}` }
  })
  drop(policies, ({ vhost, name, isOperator }) => {
    return { kind: isOperator ? 'operator policy' : 'policy', vhost, name }
  })
  drop(topics, ({ vhost, name }) => ({ kind: 'topic', vhost, name }))
  drop(quotas, ({ entity }) => ({ kind: 'quota', name: quotaEntityText(entity) }))
  drop(globalParameters, ({ name }) => ({ kind: 'global parameter', name }))
}
