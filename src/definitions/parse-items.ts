// Reads one item of each list of a definitions file.
import { aclFromJson, aclWords } from '../auth/acl-json.ts'
import { wildcard } from '../auth/acls.ts'
import { tagsOf } from '../auth/user-asked.ts'
import { stripName } from '../broker/exchange/check-name.ts'
import { metadataOf, whyNoVHost } from '../broker/vhost-asked.ts'
import type { LimitValues, PermissionRow } from '../meta/access-rows.ts'
import type { BindingDefined, Definitions } from './definitions.ts'
import { ItemReader, type Json, MalformedError } from './item-reader.ts'
import { checkLimits, type ParseContext, vhostOf } from './parse-context.ts'
import { parseGlobalParameter, parseParameter } from './parse-parameters.ts'

/** Throws `MalformedError`. */
export type ParseItem = (item: ItemReader, context: ParseContext) => void

/** By the names of the lists. */
export const itemParsers: Readonly<Record<string, ParseItem>> = {
  vhosts: parseVHost,
  users: parseUser,
  permissions: parsePermission,
  topic_permissions: parseTopicPermission,
  acls: parseAcl,
  parameters: parseParameter,
  global_parameters: parseGlobalParameter,
  policies: parsePolicy,
  exchanges: parseExchange,
  queues: parseQueue,
  bindings: parseBinding,
}

/** Of a virtual host itself; newer files have them in its metadata. */
const vhostKeys = [
  'description',
  'tags',
  'default_queue_type',
  'protected_from_deletion',
  'tracing',
]

function parseVHost(item: ItemReader, { definitions }: ParseContext): void {
  const name = item.filled('name')
  const inner = item.object('metadata')
  const given: Record<string, unknown> = { ...inner }
  for (const key of vhostKeys) {
    if (item.has(key)) given[key] = item.plain(key)
  }
  const asked = servedOf(name, given, definitions)
  const problem = whyNoVHost(name, asked)
  if (problem !== undefined) throw new MalformedError(`${item.path}: ${problem}`)
  definitions.vhosts.push({ name, metadata: metadataOf(asked) })
  const limits = readLimits(item, 'vhost', name, definitions)
  // RabbitMQ has them as a parameter too, which says when they are taken away.
  if (Object.keys(limits).length > 0 && !definitions.limits.has(name)) {
    definitions.limits.set(name, limits)
  }
}

/** What of a virtual host is not served, taken out and told. */
function servedOf(name: string, given: Json, { leftOut }: Definitions): Json {
  const { default_queue_type: type } = given
  const { tracing, ...served } = given
  const tell = (setting: string, reason: string): void => {
    leftOut.push({ kind: 'virtual host', name: `${name}: ${setting}`, reason })
  }
  if (tracing === true) tell('tracing', 'tracing is not served')
  for (const key of Object.keys(served)) {
    if (vhostKeys.includes(key)) continue
    tell(key, 'nothing is known by this name')
  }
  // RabbitMQ writes the word where there is no type.
  if (type === undefined || type === null || type === 'undefined') {
    return { ...served, default_queue_type: undefined }
  }
  const problem = whyNoVHost('', { default_queue_type: type })
  if (problem === undefined) return served
  tell('default_queue_type', problem)
  return { ...served, default_queue_type: undefined }
}

function parseUser(item: ItemReader, { definitions, version }: ParseContext): void {
  const name = item.filled('name')
  const isOld = /^3\.[0-5]\./.test(version)
  const asked: Record<string, unknown> = isOld
    ? { hashing_algorithm: 'rabbit_password_hashing_md5' }
    : {}
  for (const key of ['password', 'password_hash', 'hashing_algorithm', 'tags']) {
    if (item.has(key)) asked[key] = item.plain(key)
  }
  const isAdministrator = item.plain('administrator') === true
  const tags = tagsOf(asked) ?? (item.has('administrator') ? [] : undefined)
  if (tags === undefined) {
    throw new MalformedError(
      item.has('tags')
        ? `${item.path}.tags should be text or a list of texts`
        : `${item.path} has no tags`,
    )
  }
  const limits = item.has('limits') ? readLimits(item, 'user', name, definitions) : undefined
  const isAdded = isAdministrator && tags.length === 0
  definitions.users.push({
    name,
    asked,
    tags: isAdded ? ['administrator'] : tags,
    limits,
    permissions: permissionsOf(item, name),
  })
}

/** By virtual host, as the management API takes them with a user. */
function permissionsOf(item: ItemReader, user: string): PermissionRow[] {
  return Object.entries(item.object('permissions')).map(([vhost, patterns]) => {
    const reader = new ItemReader(`${item.path}.permissions`, patterns)
    return { user, vhost, ...rightsOf(reader) }
  })
}

function rightsOf(item: ItemReader): Pick<PermissionRow, 'configure' | 'write' | 'read'> {
  return {
    configure: patternOf(item, 'configure'),
    write: patternOf(item, 'write'),
    read: patternOf(item, 'read'),
  }
}

function readLimits(
  item: ItemReader,
  of: 'user' | 'vhost',
  name: string,
  { leftOut }: Definitions,
): LimitValues {
  return checkLimits({ path: `${item.path}.limits`, of, name }, item.object('limits'), leftOut)
}

function parsePermission(item: ItemReader, { definitions }: ParseContext): void {
  definitions.permissions.push({
    user: item.filled('user'),
    vhost: item.filled('vhost'),
    ...rightsOf(item),
  })
}

/** ACLs of Kafka's clients, as Pabal writes them. */
function parseAcl(item: ItemReader, { definitions }: ParseContext): void {
  definitions.acls.push(
    aclFromJson({
      resource_type: item.oneOf('resource_type', aclWords.resource_type),
      name: item.longText('name'),
      pattern_type: item.oneOf('pattern_type', aclWords.pattern_type, 'literal'),
      principal: item.longText('principal'),
      host: item.longText('host', wildcard),
      operation: item.oneOf('operation', aclWords.operation),
      permission: item.oneOf('permission', aclWords.permission),
    }),
  )
}

function parseTopicPermission(item: ItemReader, { definitions }: ParseContext): void {
  definitions.topicPermissions.push({
    user: item.filled('user'),
    vhost: item.filled('vhost'),
    exchange: item.text('exchange'),
    write: patternOf(item, 'write'),
    read: patternOf(item, 'read'),
  })
}

/** Longer than a name may be. */
function patternOf(item: ItemReader, key: string): string {
  const pattern = item.plain(key)
  if (typeof pattern === 'string') return pattern
  throw new MalformedError(
    item.has(key) ? `${item.path}.${key} should be text` : `${item.path} has no ${key}`,
  )
}

function parsePolicy(item: ItemReader, context: ParseContext): void {
  context.definitions.policies.push({
    vhost: vhostOf(item, context),
    name: item.filled('name'),
    isOperator: false,
    pattern: item.plain('pattern'),
    definition: item.plain('definition'),
    priority: item.plain('priority'),
    applyTo: item.plain('apply-to'),
  })
}

function parseExchange(item: ItemReader, context: ParseContext): void {
  context.definitions.exchanges.push({
    vhost: vhostOf(item, context),
    name: item.text('name'),
    type: item.text('type'),
    durable: item.flag('durable', true),
    autoDelete: item.flag('auto_delete', false),
    internal: item.has('internal') ? item.flag('internal', false) : undefined,
    arguments: item.table('arguments'),
  })
}

function parseQueue(item: ItemReader, context: ParseContext): void {
  const name = stripName(item.filled('name'))
  if (name === '') throw new MalformedError(`${item.path}.name is empty but for line breaks`)
  // RabbitMQ reads neither: the type is an argument, and an exclusive queue is not exported.
  item.has('type')
  item.has('exclusive')
  context.definitions.queues.push({
    vhost: vhostOf(item, context),
    name,
    durable: item.flag('durable', true),
    autoDelete: item.flag('auto_delete', false),
    arguments: item.table('arguments'),
  })
}

function parseBinding(item: ItemReader, context: ParseContext): void {
  // RabbitMQ's management API adds what its own paths name the binding by.
  item.has('properties_key')
  context.definitions.bindings.push({
    vhost: vhostOf(item, context),
    source: item.text('source'),
    destination: item.text('destination'),
    destinationKind: kindOf(item),
    routingKey: item.text('routing_key', ''),
    arguments: item.table('arguments'),
  })
}

function kindOf(item: ItemReader): BindingDefined['destinationKind'] {
  const kind = item.text('destination_type')
  if (kind === 'queue' || kind === 'exchange') return kind
  throw new MalformedError(`${item.path}.destination_type should be queue or exchange`)
}
