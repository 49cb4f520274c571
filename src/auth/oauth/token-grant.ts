// What one token permits: its scopes, without their prefix, as the patterns of one virtual host.
//
// As RabbitMQ: `configure:`, `write:` or `read:`, then `<vhost>/<name>` or `<vhost>/<name>/<routing key>`. Any of
// them lets its owner into the virtual host; on a topic exchange only those with a routing key count.
import type { NamePattern } from '../../lib/name-pattern.ts'
import { authLimits } from '../../limits/auth.ts'
import type { Operation, PatternGrant, TopicGrant, TopicOperation } from '../rights.ts'
import { anyName, compileWildcard, escapeWildcard } from './wildcard.ts'

/** A scope in a virtual host that it is for. */
interface Rule {
  readonly operation: Operation
  readonly name: NamePattern
  readonly routingKey: NamePattern | undefined
}

const scopeForm = /^(configure|write|read):([^/]*)\/([^/]*)(?:\/([^/]*))?$/

export class TokenGrant {
  /** When the token expires, in milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** Without their prefix: what another node needs to make the same of it. */
  readonly scopes: readonly string[]
  readonly #byVHost = new Map<string, PatternGrant>()

  /** `{vhost}` in `scopes` stands for the virtual host; those that say something else are nobody's business. */
  constructor(scopes: readonly string[], expiresAt: number) {
    this.scopes = scopes
    this.expiresAt = expiresAt
  }

  /** What it permits in a virtual host. */
  grantIn(vhost: string): PatternGrant {
    let grant = this.#byVHost.get(vhost)
    if (grant === undefined) {
      grant = grantOf(this.scopes.flatMap((scope) => rulesOf(scope, vhost)))
      this.#byVHost.set(vhost, grant)
    }
    return grant
  }
}

function rulesOf(scope: string, vhost: string): Rule[] {
  const expanded = scope.replaceAll('{vhost}', () => escapeWildcard(vhost))
  const [, operation, where = '', name = '', routingKey] = scopeForm.exec(expanded) ?? []
  if (operation === undefined || !compileWildcard(where)(vhost)) return []
  return [
    {
      operation: operation as Operation,
      name: compileWildcard(name),
      routingKey: routingKey === undefined ? undefined : compileWildcard(routingKey),
    },
  ]
}

function grantOf(rules: readonly Rule[]): PatternGrant {
  const may = (operation: Operation): NamePattern => {
    const names = rules.filter((rule) => rule.operation === operation).map(({ name }) => name)
    return names.includes(anyName) ? anyName : (name) => names.some((pattern) => pattern(name))
  }
  const patterns = { configure: may('configure'), write: may('write'), read: may('read') }
  return {
    hasAccess: rules.length > 0,
    isAll: Object.values(patterns).every((pattern) => pattern === anyName),
    patterns,
    topics: topicGrantOf(rules),
  }
}

function topicGrantOf(rules: readonly Rule[]): TopicGrant {
  const isOpen = (['write', 'read'] as const).every((operation) =>
    rules.some(
      (rule) =>
        rule.operation === operation && rule.name === anyName && rule.routingKey === anyName,
    ),
  )
  const known = new Map<string, readonly NamePattern[]>()
  const keysOf = (operation: TopicOperation, exchange: string): readonly NamePattern[] => {
    const asked = `${operation} ${exchange}`
    const before = known.get(asked)
    if (before !== undefined) return before
    const keys = rules.flatMap(({ routingKey, ...rule }) =>
      routingKey !== undefined && rule.operation === operation && rule.name(exchange)
        ? [routingKey]
        : [],
    )
    if (known.size >= authLimits.rightsKnownMax) known.clear()
    known.set(asked, keys)
    return keys
  }
  return {
    isOpen,
    restricts: () => !isOpen,
    permits: (operation, exchange, { routingKey }) =>
      keysOf(operation, exchange).some((pattern) => pattern(routingKey)),
  }
}
