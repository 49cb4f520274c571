// Compares users, virtual hosts and permissions of a file with those that there are.
import { isDeepStrictEqual } from 'node:util'
import { aclText } from '../auth/acl-text.ts'
import { whyUnusable } from '../auth/rights.ts'
import { hasSameSecrets, whyNoTags, whyNoUser } from '../auth/user-asked.ts'
import type { Broker } from '../broker/broker.ts'
import { whyNoAcl } from '../broker/change-access.ts'
import type { Steps } from '../lib/slices.ts'
import { brokerLimits } from '../limits/broker.ts'
import type { PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import type { Definitions, UserDefined, VHostDefined } from './definitions.ts'
import { differencesBetween } from './differences.ts'
import type { PlannedItem } from './plan.ts'
import { vhostsWithRoom } from './vhosts-with-room.ts'

const noScram = "by Kafka's SCRAM it logs in after pabal user password, by AMQP and PLAIN at once"

/** In the order in which they are made. */
export function* planAccess(broker: Broker, definitions: Definitions): Steps<PlannedItem[]> {
  const items: PlannedItem[] = []
  const vhosts = new Set<string>()
  const users = new Set<string>()
  const permissions = [...definitions.permissions]
  for (const { name } of vhostsWithRoom(broker, definitions)) vhosts.add(name)
  for (const row of definitions.vhosts) {
    yield
    items.push(vhosts.has(row.name) ? planVHost(broker, row) : noRoomFor(row))
  }
  for (const row of definitions.users) {
    yield
    const item = planUser(broker, row)
    items.push(item)
    if (item.outcome !== 'ignored') users.add(row.name)
    if (item.outcome === 'add') permissions.push(...row.permissions)
  }
  const existing = new Map<string, object>()
  for (const row of broker.access.permissions(broker.vhostNames)) existing.set(keyOf(row), row)
  for (const row of broker.access.topicPermissions()) existing.set(keyOf(row), row)
  const planner = new PermissionPlanner(broker, existing, { vhosts, users })
  for (const row of permissions) {
    yield
    items.push(planner.permission(row))
  }
  for (const row of definitions.topicPermissions) {
    yield
    items.push(planner.topicPermission(row))
  }
  for (const row of definitions.acls) {
    yield
    items.push(planAcl(broker, row))
  }
  return items
}

function planAcl({ access }: Broker, row: AclRow): PlannedItem {
  const kind = 'acl'
  const name = aclText(row)
  const note = whyNoAcl(row)
  if (note !== undefined) return { kind, name, outcome: 'ignored', note }
  if (access.hasAcl(row)) return { kind, name, outcome: 'same' }
  return { kind, name, outcome: 'add', change: { kind, row } }
}

function planVHost(broker: Broker, row: VHostDefined): PlannedItem {
  const { name, metadata } = row
  const kind = 'virtual host'
  const before = broker.findVHost(name)
  if (before === undefined) return { kind, name, outcome: 'add', change: { kind, row } }
  const after = { ...before.metadata, ...metadata }
  const differences = differencesBetween(withDefaults(before.metadata), withDefaults(after))
  return differences.length === 0
    ? { kind, name, outcome: 'same' }
    : { kind, name, outcome: 'change', differences, change: { kind, row } }
}

function noRoomFor({ name }: VHostDefined): PlannedItem {
  const note = `there is no room for it: vhost limit of ${brokerLimits.vhostsMax} is reached`
  return { kind: 'virtual host', name, outcome: 'ignored', note }
}

function withDefaults(metadata: VHostMetadata = {}): object {
  const { description = '', tags = [], defaultQueueType, isProtected = false } = metadata
  return { description, tags, defaultQueueType, isProtected }
}

function planUser({ access }: Broker, row: UserDefined): PlannedItem {
  const { name, asked, tags, limits } = row
  const kind = 'user'
  if (access.isOwn(name)) {
    const note = 'it is the user of the settings: see --user and --password-file'
    return { kind, name, outcome: 'ignored', note }
  }
  const problem = whyNoUser(name, asked) ?? whyNoTags(tags)
  if (problem !== undefined) {
    const note = `${problem}; or add it with pabal user add, and import its permissions again`
    return { kind, name, outcome: 'ignored', note }
  }
  const before = access.findUser(name)
  const hasHash = typeof asked['password_hash'] === 'string' && asked['password_hash'] !== ''
  const change = { kind, row } as const
  const note = hasHash ? noScram : undefined
  if (before === undefined) return { kind, name, outcome: 'add', note, change }
  const hasSame = hasSameSecrets(asked, before)
  const present = { tags: before.tags, limits: before.limits ?? {} }
  const differences = differencesBetween(present, { tags, limits: limits ?? present.limits })
  if (!hasSame) differences.push({ field: 'password', from: 'as it is', to: 'another' })
  if (differences.length === 0) return { kind, name, outcome: 'same' }
  return { kind, name, outcome: 'change', note: hasSame ? undefined : note, differences, change }
}

/** Of the file, and not ignored. */
interface Names {
  readonly vhosts: ReadonlySet<string>
  readonly users: ReadonlySet<string>
}

class PermissionPlanner {
  readonly #broker: Broker
  readonly #existing: ReadonlyMap<string, object>
  readonly #names: Names
  /** Why they cannot be used; undefined for those that can. */
  readonly #patterns = new Map<string, string | undefined>()

  constructor(broker: Broker, existing: ReadonlyMap<string, object>, names: Names) {
    this.#broker = broker
    this.#existing = existing
    this.#names = names
  }

  permission(row: PermissionRow): PlannedItem {
    const { configure, write, read } = row
    const item = { kind: 'permission', vhost: row.vhost, name: row.user } as const
    const note = this.#whyNone(row, [configure, write, read])
    if (note !== undefined) return { ...item, outcome: 'ignored', note }
    const before = this.#existing.get(keyOf(row))
    if (before !== undefined && isDeepStrictEqual(before, row)) return { ...item, outcome: 'same' }
    if (this.#isOwn(row)) return { ...item, outcome: 'ignored', note: mayDoAll }
    const change = { kind: item.kind, row } as const
    if (before === undefined) return { ...item, outcome: 'add', change }
    return { ...item, outcome: 'change', differences: differencesBetween(before, row), change }
  }

  topicPermission(row: TopicPermissionRow): PlannedItem {
    const kind = 'topic permission'
    const item = { kind, vhost: row.vhost, name: `${row.user} on ${row.exchange}` } as const
    const note = this.#whyNone(row, [row.write, row.read])
    if (note !== undefined) return { ...item, outcome: 'ignored', note }
    if (this.#isOwn(row)) return { ...item, outcome: 'ignored', note: mayDoAll }
    const before = this.#existing.get(keyOf(row))
    if (before !== undefined && isDeepStrictEqual(before, row)) return { ...item, outcome: 'same' }
    const change = { kind, row } as const
    if (before === undefined) return { ...item, outcome: 'add', change }
    return { ...item, outcome: 'change', differences: differencesBetween(before, row), change }
  }

  #isOwn({ user }: { readonly user: string }): boolean {
    return this.#broker.access.isOwn(user)
  }

  #whyNone(
    { user, vhost }: { readonly user: string; readonly vhost: string },
    patterns: readonly string[],
  ): string | undefined {
    const { access } = this.#broker
    if (!this.#names.vhosts.has(vhost) && this.#broker.findVHost(vhost) === undefined) {
      return `there is no virtual host '${vhost}'`
    }
    if (!this.#names.users.has(user) && access.findUser(user) === undefined) {
      return `there is no user '${user}'`
    }
    return patterns.map((pattern) => this.#whyUnusable(pattern)).find((why) => why !== undefined)
  }

  /** Many permissions have the same few patterns. */
  #whyUnusable(pattern: string): string | undefined {
    if (this.#patterns.has(pattern)) return this.#patterns.get(pattern)
    const problem = whyUnusable(pattern)
    const why = problem && `the pattern '${pattern}' cannot be used: ${problem}`
    this.#patterns.set(pattern, why)
    return why
  }
}

const mayDoAll = 'it is the user of the settings, and may do everything'

interface Key {
  readonly user: string
  readonly vhost: string
  readonly exchange?: string
}

function keyOf({ user, vhost, exchange }: Key): string {
  return JSON.stringify([user, vhost, exchange])
}
