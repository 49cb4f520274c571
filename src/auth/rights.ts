// What one user may do in one virtual host: what permissions permit or an ACL allows, and no ACL denies. Everyone
// who acts for the user holds the same grant, and a change of permissions changes it: what holds is in force at
// once, on open connections too.
import { canonicalHost } from '../lib/canonical-host.ts'
import { compileNamePattern, type NamePattern, PatternError } from '../lib/name-pattern.ts'
import { authLimits } from '../limits/auth.ts'
import type { PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'
import type { AclResourceType, AclRow } from '../meta/acl-row.ts'
import { type AskedOperation, bitsOf } from './acl-bits.ts'
import type { AclVerdict, UserAcls } from './user-acls.ts'

/** What may be permitted on a queue or an exchange. */
export type Operation = 'configure' | 'write' | 'read'

/** What exactly is configured: ACLs tell these apart, permissions do not. */
export type ConfigureDetail = 'create' | 'delete' | 'alter'

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
  permits(operation: TopicOperation, exchange: string, asked: TopicAsked): boolean
}

/** A routing key, and the client id of who asks, where its protocol has such: patterns may name it. */
export interface TopicAsked {
  readonly routingKey: string
  readonly clientId?: string | undefined
}

export type Grant = RowGrant | PatternGrant

/** RabbitMQ checks the default exchange by this name. */
const defaultExchange = 'amq.default'

/** Patterns that every name fits. */
const wholePatterns: ReadonlySet<string> = new Set(['.*', '^.*', '.*$', '^.*$'])

const configureBits: Readonly<Record<ConfigureDetail | 'any', number>> = {
  create: bitsOf('create'),
  delete: bitsOf('delete'),
  alter: bitsOf('alter'),
  any: bitsOf('create', 'delete', 'alter'),
}
const dataBits = { read: bitsOf('read'), write: bitsOf('write') } as const
const describeBits = bitsOf('describe')

/** A passive declaration needs one of them. */
const anyOperation: readonly Operation[] = ['read', 'write', 'configure']

const everything: NamePattern = () => true
const nothing: NamePattern = () => false

type Patterns<Name extends string> = Readonly<Record<Name, NamePattern>>

/** A grant, shared by all who act for the user. */
class HeldGrant {
  isUnrestricted = false
  hasAccess = false
  patterns: Patterns<Operation> = { configure: nothing, write: nothing, read: nothing }
  topics: TopicGrant = topicGrantOf([], { user: '', vhost: '' })
  /** Names that were asked for, and what came out. */
  readonly #known: Readonly<Record<Operation, Map<string, boolean>>> = {
    configure: new Map(),
    write: new Map(),
    read: new Map(),
  }

  change(grant: Grant, place: Place): void {
    const { hasAccess, isAll, patterns, topics } =
      'patterns' in grant ? grant : compileRows(grant, place)
    this.hasAccess = hasAccess
    this.isUnrestricted = isAll && topics.isOpen
    this.patterns = patterns
    this.topics = topics
    for (const known of Object.values(this.#known)) known.clear()
  }

  permits(operation: Operation, name: string): boolean {
    if (this.isUnrestricted) return true
    const known = this.#known[operation]
    const before = known.get(name)
    if (before !== undefined) return before
    const isPermitted = this.patterns[operation](name)
    // Ids of Kafka's groups may be longer than any name.
    if (name.length > authLimits.nameSizeMax) return isPermitted
    if (known.size >= authLimits.rightsKnownMax) known.clear()
    known.set(name, isPermitted)
    return isPermitted
  }
}

/** What ACLs say, in the virtual host that has some, to a user who comes from somewhere. */
interface HeardAcls {
  readonly user: UserAcls
  /** As `canonicalHost` writes it; undefined for somewhere. */
  readonly host: string | undefined
}

export class Rights {
  readonly place: Place
  readonly #held: HeldGrant
  readonly #acls: HeardAcls | undefined
  readonly #clientId: string | undefined

  /** `grant` may be what others hold who act for the same user. */
  constructor(place: Place, grant: Grant | HeldGrant, acls?: HeardAcls, clientId?: string) {
    this.place = place
    this.#acls = acls
    this.#clientId = clientId
    if (grant instanceof HeldGrant) this.#held = grant
    else {
      this.#held = new HeldGrant()
      this.#held.change(grant, place)
    }
  }

  /** The same for who comes from an address, which ACLs may name. */
  from(address: string): Rights {
    if (this.#acls === undefined) return this
    return new Rights(this.place, this.#held, { ...this.#acls, host: canonicalHost(address) })
  }

  /** The same for a client that patterns of topics may name: `{client_id}`. */
  forClient(clientId: string): Rights {
    return new Rights(this.place, this.#held, this.#acls, clientId)
  }

  /** From now on permissions say this, and nothing else. */
  change(grant: Grant): void {
    this.#held.change(grant, this.place)
  }

  /** Everything is permitted: nothing has to be asked. */
  get isUnrestricted(): boolean {
    return this.#held.isUnrestricted && this.#acls?.user.denySome !== true
  }

  /** Whether the user may enter the virtual host. */
  get hasAccess(): boolean {
    return this.#held.hasAccess || this.#acls?.user.allowSome === true
  }

  /** Whether something is denied by an ACL that a permission may permit. */
  get hasDenials(): boolean {
    return this.#acls?.user.denySome === true
  }

  /** Whether an ACL denies it for some topic. */
  denySomewhere(operation: AskedOperation): boolean {
    return (
      this.hasDenials && this.#acls?.user.denyOnAny(operation, 'topic', this.#acls.host) === true
    )
  }

  /** `name` is that of a queue or an exchange, `''` the default exchange. `detail` is what exactly is configured. */
  may(operation: Operation, name: string, detail?: ConfigureDetail): boolean {
    if (this.isUnrestricted) return true
    const known = name === '' ? defaultExchange : name
    const bits = operation === 'configure' ? configureBits[detail ?? 'any'] : dataBits[operation]
    const verdict = this.#verdict(bits, 'topic', known)
    return verdict === undefined ? this.#held.permits(operation, known) : verdict === 'allow'
  }

  /** Whether the user may see that something is there: any right will do. */
  mayDescribe(name: string): boolean {
    if (this.isUnrestricted) return true
    const verdict = this.#verdict(describeBits, 'topic', name)
    if (verdict !== undefined) return verdict === 'allow'
    return anyOperation.some((operation) => this.#held.permits(operation, name))
  }

  /** What permissions say of a name, whatever ACLs say. */
  permits(operation: Operation, name: string): boolean {
    return this.#held.permits(operation, name)
  }

  /** What ACLs say; undefined where they say nothing. */
  aclVerdict(operation: AskedOperation, type: AclResourceType, name: string): AclVerdict {
    return this.#verdict(bitsOf(operation), type, name)
  }

  /** The ACL that decides over an operation on a name. */
  findAcl(operation: AskedOperation, type: AclResourceType, name: string): AclRow | undefined {
    const acls = this.#acls
    return acls?.user.findDeciding(operation, { type, name, host: acls.host })
  }

  /** Whether the user may be one who writes to some topic, whichever: a permission's pattern is not asked. */
  get mayWriteSomewhere(): boolean {
    if (this.isUnrestricted) return true
    const acls = this.#acls
    const verdict = acls?.user.allowOnAny('write', 'topic', acls.host)
    return verdict === undefined ? this.#held.hasAccess : verdict === 'allow'
  }

  /** Whether routing keys of `exchange`, which is a topic exchange, have to be asked for. */
  restrictsTopics(exchange: string): boolean {
    return this.#held.topics.restricts(exchange)
  }

  mayTopic(operation: TopicOperation, exchange: string, routingKey: string): boolean {
    const asked = { routingKey, clientId: this.#clientId }
    return this.#held.topics.permits(operation, exchange, asked)
  }

  #verdict(bits: number, type: AclResourceType, name: string): AclVerdict {
    const acls = this.#acls
    if (acls === undefined || acls.user.isEmpty) return undefined
    return acls.user.verdict(bits, { type, name, host: acls.host })
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
    permits: (operation, exchange, asked) => byExchange.get(exchange)?.[operation](asked) ?? true,
  }
}

function topicPatternsOf(
  { write, read }: TopicPermissionRow,
  { user: username, vhost }: Place,
): Readonly<Record<TopicOperation, TopicPattern>> {
  const variables = { username, vhost }
  return {
    write: compileTopics(expandPattern(write, variables)),
    read: compileTopics(expandPattern(read, variables)),
  }
}

type TopicPattern = (asked: TopicAsked) => boolean

/** One that names clients is another one for each of them. */
function compileTopics(pattern: string): TopicPattern {
  if (!pattern.includes('{client_id}')) {
    const fits = compile(pattern)
    return ({ routingKey }) => fits(routingKey)
  }
  const byClient = new Map<string | undefined, NamePattern>()
  return ({ routingKey, clientId }) => {
    let fits = byClient.get(clientId)
    if (fits === undefined) {
      fits = compile(
        clientId === undefined ? pattern : expandPattern(pattern, { client_id: clientId }),
      )
      if (byClient.size >= authLimits.rightsKnownMax) byClient.clear()
      byClient.set(clientId, fits)
    }
    return fits(routingKey)
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
