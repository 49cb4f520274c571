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
export interface Grant {
  /** Undefined for none: the user has no access to the virtual host. */
  readonly permission: PermissionRow | 'all' | undefined
  readonly topics: readonly TopicPermissionRow[]
}

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
  /** By exchange; what is not in it is permitted. */
  #topics: ReadonlyMap<string, Patterns<TopicOperation>> = new Map()
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
  change({ permission, topics }: Grant): void {
    const isAll = permission === 'all' || (permission !== undefined && grantsAll(permission))
    this.hasAccess = permission !== undefined
    this.isUnrestricted = isAll && topics.length === 0
    this.#patterns = patternsOf(permission)
    this.#topics = new Map(topics.map((row) => [row.exchange, this.#topicPatterns(row)]))
    for (const known of Object.values(this.#known)) known.clear()
  }

  /** `name` is that of a queue or an exchange, `''` the default exchange. */
  may(operation: Operation, name: string): boolean {
    if (this.isUnrestricted) return true
    const known = this.#known[operation]
    const before = known.get(name)
    if (before !== undefined) return before
    const isPermitted = this.#patterns[operation](name === '' ? defaultExchange : name)
    if (known.size >= authLimits.rightsKnownMax) known.clear()
    known.set(name, isPermitted)
    return isPermitted
  }

  /** Whether routing keys of `exchange`, which is a topic exchange, have to be asked for. */
  restrictsTopics(exchange: string): boolean {
    return this.#topics.has(exchange)
  }

  mayTopic(operation: TopicOperation, exchange: string, routingKey: string): boolean {
    return this.#topics.get(exchange)?.[operation](routingKey) ?? true
  }

  #topicPatterns({ write, read }: TopicPermissionRow): Patterns<TopicOperation> {
    const { user: username, vhost } = this.place
    const variables = { username, vhost }
    return {
      write: compile(expandPattern(write, variables)),
      read: compile(expandPattern(read, variables)),
    }
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

function grantsAll({ configure, write, read }: PermissionRow): boolean {
  return [configure, write, read].every((pattern) => wholePatterns.has(pattern))
}

function patternsOf(permission: Grant['permission']): Patterns<Operation> {
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
