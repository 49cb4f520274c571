// Definitions as RabbitMQ 4.2 writes them, of the whole broker or of one virtual host. What is there is noted
// in one turn and written over several, while others go on.
//
// Source: small_parts of rabbit_mgmt_wm_definitions.erl, list_* of rabbit_definitions.erl.
import { isDeepStrictEqual } from 'node:util'
import { aclToJson } from '../auth/acl-json.ts'
import type { Broker } from '../broker/broker.ts'
import { streamConfigs } from '../broker/declare-queue.ts'
import type { Destination } from '../broker/destination.ts'
import { type Binding, targetName } from '../broker/exchange/binding.ts'
import { isPredeclared } from '../broker/exchange/check-name.ts'
import type { Exchange } from '../broker/exchange/exchange.ts'
import { globalParameters, isGlobalParameterSet } from '../broker/global-parameters.ts'
import type { Policy } from '../broker/policy/policy.ts'
import type { QuotaEntry } from '../broker/quota/client-quotas.ts'
import type { VHost } from '../broker/vhost.ts'
import { Slices, type Steps } from '../lib/slices.ts'
import { version } from '../lib/version.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import type { PermissionRow, TopicPermissionRow, UserRow } from '../meta/access-rows.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { argumentsToJson } from './arguments-json.ts'
import { quotaParameterName } from './quota-parameter.ts'
import { topicParameterName } from './topic-parameter.ts'

/** Where a file says that it is from. */
export interface DefinitionsOrigin {
  /** Of the RabbitMQ that Pabal says it is. */
  readonly rabbitVersion: string
  readonly clusterName: string
}

export interface ExportAsked {
  readonly origin: DefinitionsOrigin
  /** Undefined for all. */
  readonly vhost?: VHost<Destination> | undefined
}

/** The JSON. Others get their turns meanwhile. */
export function exportDefinitions(broker: Broker, asked: ExportAsked): Promise<string> {
  const slices = new Slices(broker.clock, definitionsLimits.sliceMs)
  return slices.run(write(broker, asked))
}

type Item = Readonly<Record<string, unknown>>

/** Lists of things, and how each is written. */
type Lists = Readonly<Record<string, readonly (() => Item)[]>>

function* write(broker: Broker, asked: ExportAsked): Steps<string> {
  const { vhost } = asked
  const lists = vhost === undefined ? listsOfAll(broker) : listsOf([vhost])
  const parts: string[] = []
  for (const [key, value] of Object.entries(originOf(asked))) {
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }
  for (const [key, items] of Object.entries(lists)) {
    const texts: string[] = []
    for (const item of items) {
      yield
      texts.push(JSON.stringify(vhost === undefined ? item() : withoutVHost(item())))
    }
    // A line for each, so that two files can be compared.
    parts.push(`${JSON.stringify(key)}:[${texts.map((text) => `\n${text}`).join()}]`)
  }
  return `{${parts.join(',\n')}}\n`
}

function originOf({ origin, vhost }: ExportAsked): Item {
  const { rabbitVersion, clusterName } = origin
  const shared = {
    rabbit_version: rabbitVersion,
    rabbitmq_version: rabbitVersion,
    product_name: 'Pabal',
    product_version: version,
  }
  if (vhost === undefined) {
    return {
      ...shared,
      rabbitmq_definition_format: 'cluster',
      original_cluster_name: clusterName,
      explanation: `Definitions of cluster '${clusterName}'`,
    }
  }
  return {
    ...shared,
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata: metadataJson(vhost),
    description: vhost.metadata?.description ?? '',
    limits: vhost.metadata?.limits ?? {},
  }
}

/** The user of the settings is no definition: it is what each broker is started with. */
function listsOfAll(broker: Broker): Lists {
  const { access, vhosts } = broker
  const all = [...vhosts]
  const { global_parameters: ofTopics = [], ...lists } = listsOf(all)
  return {
    users: access
      .users()
      .filter(({ name }) => !access.isOwn(name))
      .map((user) => () => userJson(user)),
    vhosts: all.map((vhost) => () => {
      return {
        name: vhost.name,
        limits: vhost.metadata?.limits ?? {},
        metadata: metadataJson(vhost),
      }
    }),
    permissions: access.permissions([]).map((row) => () => permissionJson(row)),
    topic_permissions: access.topicPermissions().map((row) => () => topicPermissionJson(row)),
    // RabbitMQ has none, and leaves out what it does not know.
    ...(access.counts.acls > 0 && {
      acls: [...access.acls()].map((row) => () => ({ ...aclToJson(row) })),
    }),
    global_parameters: [
      ...globalParameters(broker)
        .filter(({ name }) => isGlobalParameterSet(broker, name))
        .map((parameter) => () => ({ ...parameter })),
      ...[...broker.quotas.entries()].map((entry) => () => quotaJson(entry)),
      ...ofTopics,
    ],
    ...lists,
  }
}

function listsOf(vhosts: readonly VHost<Destination>[]): Lists {
  const exchangesOf = (vhost: VHost<Destination>): Exchange<Destination>[] => [...vhost.exchanges()]
  return {
    global_parameters: vhosts.flatMap(topicParametersOf),
    parameters: vhosts.flatMap(parametersOf),
    policies: vhosts.flatMap(({ policies }) =>
      policies
        .list(false)
        .map((policy) => () => ({ vhost: policy.vhost, name: policy.name, ...policyJson(policy) })),
    ),
    exchanges: vhosts.flatMap((vhost) =>
      exchangesOf(vhost)
        .filter(({ name }) => !isPredeclared(name))
        .map((exchange) => () => exchangeJson(vhost.name, exchange)),
    ),
    queues: vhosts.flatMap((vhost) =>
      [...vhost.queues()].filter(isExported).map((queue) => () => queueJson(vhost, queue)),
    ),
    bindings: vhosts.flatMap((vhost) =>
      exchangesOf(vhost).flatMap((exchange) =>
        [...exchange.bindings()]
          .filter(({ target }) => target.kind === 'exchange' || isExported(target.queue))
          .map((binding) => () => bindingJson(vhost.name, binding)),
      ),
    ),
  }
}

/** An exclusive queue is its connection's, and a topic that nobody declared yet is nothing. */
function isExported(queue: Destination): boolean {
  return !queue.isExclusive && !(queue.kind === 'topic' && queue.isProvisional)
}

function userJson({ name, passwordHash, hashingAlgorithm, tags, limits = {} }: UserRow): Item {
  return { name, password_hash: passwordHash, hashing_algorithm: hashingAlgorithm, tags, limits }
}

function quotaJson({ entity, values }: QuotaEntry): Item {
  return { name: quotaParameterName(entity), value: { entity, quotas: values } }
}

function permissionJson({ user, vhost, configure, write, read }: PermissionRow): Item {
  return { user, vhost, configure, write, read }
}

function topicPermissionJson(row: TopicPermissionRow): Item {
  const { user, vhost, exchange, write, read } = row
  return { user, vhost, exchange, write, read }
}

function metadataJson({ metadata = {} }: VHost<Destination>): Item {
  const { description = '', tags = [], defaultQueueType: type, isProtected = false } = metadata
  return {
    description,
    tags,
    ...(type !== undefined && { default_queue_type: type }),
    ...(isProtected && { protected_from_deletion: true }),
  }
}

/** Limits are a parameter to RabbitMQ, and so are the policies of operators. */
function parametersOf({ name: vhost, metadata, policies }: VHost<Destination>): (() => Item)[] {
  const { limits = {} } = metadata ?? {}
  const ofLimits = { vhost, component: 'vhost-limits', name: 'limits', value: limits }
  return [
    ...(Object.keys(limits).length > 0 ? [() => ofLimits] : []),
    ...policies.list(true).map((policy) => () => {
      return { vhost, component: 'operator_policy', name: policy.name, value: policyJson(policy) }
    }),
  ]
}

/** Of topics that are not what declaring them makes of them. */
function topicParametersOf(vhost: VHost<Destination>): (() => Item)[] {
  const items: (() => Item)[] = []
  for (const queue of vhost.queues()) {
    if (queue.kind !== 'topic' || !isExported(queue)) continue
    const configs = queue.config.overrides
    if (isDeepStrictEqual(configs, streamConfigs(queue.arguments, {}))) continue
    const place = { vhost: vhost.name, name: queue.name }
    const name = topicParameterName(place.vhost, place.name)
    items.push(() => ({ name, value: { ...place, configs } }))
  }
  return items
}

function policyJson({ pattern, applyTo, priority, definition }: Policy): Item {
  return { pattern, 'apply-to': applyTo, priority, definition }
}

/** RabbitMQ leaves internal ones out, and takes bindings to them along: its own file has no place for those. */
function exchangeJson(vhost: string, exchange: Exchange<Destination>): Item {
  const { name, type, isDurable, isAutoDelete, isInternal, arguments: args } = exchange
  return {
    vhost,
    name,
    type,
    durable: isDurable,
    auto_delete: isAutoDelete,
    ...(isInternal && { internal: true }),
    arguments: argumentsToJson(args),
  }
}

function queueJson(vhost: VHost<Destination>, queue: Destination): Item {
  const { name, type, isDurable, isAutoDelete } = queue
  return {
    vhost: vhost.name,
    name,
    type,
    durable: isDurable,
    auto_delete: isAutoDelete,
    arguments: argumentsToJson(argumentsOf(vhost, queue)),
  }
}

/** What makes the queue what it is now. */
function argumentsOf({ metadata }: VHost<Destination>, queue: Destination): FieldTable {
  let { arguments: args } = queue
  // The virtual host may have come to its type of queues later.
  if (metadata?.defaultQueueType !== undefined && !args.has('x-queue-type')) {
    args = args.with('x-queue-type', { type: 'longstr', value: queue.type })
  }
  const count = queue.kind === 'topic' ? queue.partitions.length : 1
  // Kafka's clients may have added partitions.
  if (Number(args.get('x-partitions')?.value ?? 1) === count) return args
  return args.with('x-partitions', { type: 'long', value: count })
}

function bindingJson(vhost: string, binding: Binding<Destination>): Item {
  const { source, target, routingKey, arguments: args } = binding
  return {
    source: source.name,
    vhost,
    destination: targetName(target),
    destination_type: target.kind,
    routing_key: routingKey,
    arguments: argumentsToJson(args),
  }
}

function withoutVHost(item: Item): Item {
  const { vhost: _, ...own } = item
  return own
}
