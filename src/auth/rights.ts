// What one user may do in one virtual host. Everyone who acts for the user holds the same object, and a
// change of permissions changes it: what holds is in force at once, on open connections too.
import { compileNamePattern, type NamePattern, PatternError } from '../lib/name-pattern.ts'
import { authLimits } from '../limits/auth.ts'
import type { PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'

/** What may be permitted on a queue or an exchange. */
export type Operation = 'configure' | 'write' | 'read'

/** What may be permitted on routing keys of a topic exchange. */
export type TopicOperation = Exclude<Operation, 'configure'>

/** Where a user is, as permissions name it. */
export interface Place {
  readonly user: string
  readonly vhost: string
}

/** Rows that say what a user may do; `all` is what the broker's own user may. */
export interface RowGrant {
  /** Undefined for none: the user has no access to the virtual host. */
  readonly permission: PermissionRow | 'all' | undefined
  readonly topics: readonly TopicPermissionRow[]
}

/** What may be done, ready to be asked. */
export interface PatternGrant {
  /** Whether the user may enter the virtual host. */
  readonly hasAccess: boolean
  /** Every operation is permitted on every name. */
  readonly isAll: boolean
  readonly patterns: Patterns<Operation>
  readonly topics: TopicGrant
}

/** Routing keys of topic exchanges. */
export interface TopicGrant {
  /** None is restricted. */
  readonly isOpen: boolean
  restricts(exchange: string): boolean
  permits(operation: TopicOperation, exchange: string, routingKey: string): boolean
}

export type Grant = RowGrant | PatternGrant

/** RabbitMQ checks the default exchange by this name. */
const defaultExchange = 'amq.default'

/** Patterns that every name fits. */
const wholePatterns: ReadonlySet<string> = new Set(['.*', '^.*', '.*$', '^.*$'])

const everything: NamePattern = () => true
const nothing: NamePattern = () => false

type Patterns<Name extends string> = Readonly<Record<Name, NamePattern>>

export class Rights {
  readonly place: Place
  /** Everything is permitted: nothing has to be asked. */
  isUnrestricted = false
  /** Whether the user may enter the virtual host. */
  hasAccess = false
  #patterns: Patterns<Operation> = { configure: nothing, write: nothing, read: nothing }
  #topics: TopicGrant = topicGrantOf([], { user: '', vhost: '' })
  /** Names that were asked for, and what came out. */
  readonly #known: Readonly<Record<Operation, Map<string, boolean>>> = {
    configure: new Map(),
    write: new Map(),
    read: new Map(),
  }

  constructor(place: Place, grant: Grant) {
    this.place = place
    this.change(grant)
  }

  /** From now on this is permitted, and nothing else. */
  change(grant: Grant): void {
    const { hasAccess, isAll, patterns, topics } =
      'patterns' in grant ? grant : compileRows(grant, this.place)
    this.hasAccess = hasAccess
    this.isUnrestricted = isAll && topics.isOpen
    this.#patterns = patterns
    this.#topics = topics
    for (const known of Object.values(this.#known)) known.clear()
  }

  /** `name` is that of a queue or an exchange, `''` the default exchange. */
  may(operation: Operation, name: string): boolean {
    if (this.isUnrestricted) return true
    const known = this.#known[operation]
    const before = known.get(name)
    if (before !== undefined) return before
    const isPermitted = this.#patterns[operation](name === '' ? defaultExchange : name)
    // Ids of Kafka's groups may be longer than any name.
    if (name.length > authLimits.nameSizeMax) return isPermitted
    if (known.size >= authLimits.rightsKnownMax) known.clear()
    known.set(name, isPermitted)
    return isPermitted
  }

  /** Whether routing keys of `exchange`, which is a topic exchange, have to be asked for. */
  restrictsTopics(exchange: string): boolean {
    return this.#topics.restricts(exchange)
  }

  mayTopic(operation: TopicOperation, exchange: string, routingKey: string): boolean {
    return this.#topics.permits(operation, exchange, routingKey)
  }
}

/** Of who is nowhere yet. */
export const noRights: Rights = new Rights(
  { user: '', vhost: '' },
  { permission: undefined, topics: [] },
)

/** Why a pattern cannot be used; undefined when it can. */
export function whyUnusable(pattern: string): string | undefined {
  try {
    compileNamePattern(pattern)
    return undefined
  } catch (error) {
    if (error instanceof PatternError) return error.message
    throw error
  }
}

function compileRows({ permission, topics }: RowGrant, place: Place): PatternGrant {
  return {
    hasAccess: permission !== undefined,
    isAll: permission === 'all' || (permission !== undefined && grantsAll(permission)),
    patterns: patternsOf(permission),
    topics: topicGrantOf(topics, place),
  }
}

/** What no row names is permitted. */
function topicGrantOf(rows: readonly TopicPermissionRow[], place: Place): TopicGrant {
  const byExchange = new Map(rows.map((row) => [row.exchange, topicPatternsOf(row, place)]))
  return {
    isOpen: rows.length === 0,
    restricts: (exchange) => byExchange.has(exchange),
    permits: (operation, exchange, routingKey) =>
      byExchange.get(exchange)?.[operation](routingKey) ?? true,
  }
}

function topicPatternsOf(
  { write, read }: TopicPermissionRow,
  { user: username, vhost }: Place,
): Patterns<TopicOperation> {
  const variables = { username, vhost }
  return {
    write: compile(expandPattern(write, variables)),
    read: compile(expandPattern(read, variables)),
  }
}

function grantsAll({ configure, write, read }: PermissionRow): boolean {
  return [configure, write, read].every((pattern) => wholePatterns.has(pattern))
}

function patternsOf(permission: RowGrant['permission']): Patterns<Operation> {
  if (permission === undefined) return { configure: nothing, write: nothing, read: nothing }
  if (permission === 'all') return { configure: everything, write: everything, read: everything }
  const { configure, write, read } = permission
  return { configure: compile(configure), write: compile(write), read: compile(read) }
}

/** A pattern that cannot be used any more permits nothing. */
function compile(pattern: string): NamePattern {
  if (wholePatterns.has(pattern)) return everything
  // RabbitMQ: an empty pattern is one that no name fits.
  if (pattern === '') return (name) => name === ''
  return whyUnusable(pattern) === undefined ? compileNamePattern(pattern) : nothing
}

/** Puts values, which stand for themselves, in the place of `{variable}`. Others stay as they are. */
function expandPattern(pattern: string, variables: Readonly<Record<string, string>>): string {
  let expanded = pattern
  for (const [name, value] of Object.entries(variables)) {
    expanded = expanded.replaceAll(`{${name}}`, () => escapePattern(value))
  }
  return expanded
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`)
}
