// Does what a plan says, with the code that clients' requests run through. It waits for the disk now and
// then, and at the end.
import { secretsOf } from '../auth/user-asked.ts'
import type { AccessKeeper } from '../broker/access-keeper.ts'
import { BrokerError, queueNotFound } from '../broker/broker-error.ts'
import type { Broker } from '../broker/broker.ts'
import { addAcls, whyNoMoreAcls } from '../broker/change-access.ts'
import { setGlobalParameter } from '../broker/global-parameters.ts'
import { inertArguments } from '../broker/inert-settings.ts'
import type { Policy } from '../broker/policy/policy.ts'
import type { Changes } from '../broker/vhost.ts'
import { whenDurable } from '../broker/when-durable.ts'
import { resultOf, type Steps } from '../lib/slices.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import type { PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import type {
  BindingDefined,
  ExchangeDefined,
  QueueDefined,
  TopicDefined,
  UserDefined,
  VHostDefined,
  VHostLimitsDefined,
} from './definitions.ts'
import type { DefinitionChange, PlannedItem } from './plan.ts'

/** What definitions are imported into. */
export interface DefinitionsTarget {
  readonly broker: Broker
  readonly keeper: AccessKeeper
}

/** Owns no queue. */
const importer = {}

/**
 * All that is done is durable at the end. What turns out to be refused is `ignored` then; so is what needs
 * something that somebody has taken away since it was planned.
 */
export function* applyPlan(target: DefinitionsTarget, items: readonly PlannedItem[]): Steps<void> {
  const { topology } = target.broker
  let pending: Promise<void>[] = []
  for (const item of items) {
    const { change } = item
    if (change === undefined) continue
    while (topology.isBehind) {
      yield new Promise<void>((resolve) => topology.whenCaughtUp(resolve))
    }
    if (pending.length >= definitionsLimits.pendingMax) {
      yield Promise.all(pending)
      pending = []
    }
    yield
    try {
      pending.push(yield* applyChange(target, change))
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      item.outcome = 'ignored'
      item.note = error.message
    }
  }
  yield Promise.all(pending)
}

/** The promise is for its durability. Throws a `BrokerError` when it is refused. */
function* applyChange(target: DefinitionsTarget, change: DefinitionChange): Steps<Promise<void>> {
  switch (change.kind) {
    case 'user':
      return yield* putUser(target, change.row)
    case 'virtual host':
      return yield* putVHost(target, change.row)
    case 'permission':
      return setPermission(target, change.row)
    case 'topic permission':
      return setTopicPermission(target, change.row)
    case 'acl':
      return addAcl(target, change.row)
    case 'policy':
      return setPolicy(target, change.row)
    case 'exchange':
      return declareExchange(target, change.row)
    case 'queue':
      return yield* declareQueue(target, change.row)
    case 'topic':
      return configureTopic(target, change.row)
    case 'binding':
      return bind(target, change.row)
    case 'limits':
      return limitVHost(target, change.row)
    case 'global parameter':
      return whenDurable(setGlobalParameter(target.broker, change.row))
    case 'quota':
      return whenDurable(target.broker.quotas.put(change.row.entity, change.row.values))
    default:
      return change satisfies never
  }
}

function* putVHost(
  { broker, keeper }: DefinitionsTarget,
  { name, metadata }: VHostDefined,
): Steps<Promise<void>> {
  refuseIf(keeper.whyNoVHost(name))
  const done = keeper.putVHost(name, { ...broker.findVHost(name)?.metadata, ...metadata })
  // In a cluster it has to get a cell before anything can be in it.
  if (broker.findVHost(name) === undefined) yield* resultOf(done)
  return done
}

function* putUser(
  { broker, keeper }: DefinitionsTarget,
  { name, asked, tags, limits }: UserDefined,
): Steps<Promise<void>> {
  const { access, random } = broker
  if (access.findUser(name) === undefined) refuseIf(keeper.whyFull)
  const secrets = yield* resultOf(secretsOf(asked, random, access.findUser(name)))
  const limited = limits ?? access.findUser(name)?.limits
  return keeper.putUser({ name, tags, ...secrets, ...(limited && { limits: limited }) })
}

function setPermission(target: DefinitionsTarget, row: PermissionRow): Promise<void> {
  checkPlace(target, row)
  return target.keeper.setPermission(row)
}

function setTopicPermission(target: DefinitionsTarget, row: TopicPermissionRow): Promise<void> {
  checkPlace(target, row)
  return target.keeper.setTopicPermission(row)
}

function checkPlace(
  { broker, keeper }: DefinitionsTarget,
  { user, vhost }: PermissionRow | TopicPermissionRow,
): void {
  broker.getVHost(vhost)
  if (broker.access.findUser(user) === undefined) refuseIf(`there is no user '${user}'`)
  refuseIf(keeper.whyFull)
}

function addAcl({ broker }: DefinitionsTarget, row: AclRow): Promise<void> {
  refuseIf(whyNoMoreAcls(broker))
  return whenDurable(addAcls(broker, [row]))
}

function setPolicy({ broker }: DefinitionsTarget, policy: Policy): Promise<void> {
  const keeper = broker.policiesOf(broker.getVHost(policy.vhost))
  refuseIf(keeper.whyFull(policy))
  return keeper.set(policy).done
}

function declareExchange({ broker }: DefinitionsTarget, row: ExchangeDefined): Promise<void> {
  const { vhost: vhostName, internal = false, ...asked } = row
  const vhost = broker.getVHost(vhostName)
  const changes = vhost.declareExchange({ ...asked, internal })
  const settings = inertArguments('exchange', row.arguments)
  broker.inert.tell({ kind: 'exchange', vhost: vhostName, name: row.name, settings })
  return write(broker, changes)
}

function* declareQueue({ broker }: DefinitionsTarget, row: QueueDefined): Steps<Promise<void>> {
  const asked = { ...row, exclusive: false, connection: importer }
  const vhost = broker.getVHost(row.vhost)
  const search = broker.findSourceStart(vhost, asked)
  const sourceStart = search && (yield* resultOf(search))
  return whenDurable(broker.declareQueue(vhost, { ...asked, sourceStart }).ticket)
}

function configureTopic({ broker }: DefinitionsTarget, row: TopicDefined): Promise<void> {
  const vhost = broker.getVHost(row.vhost)
  const topic = vhost.getQueue(row.name)
  if (topic.kind !== 'topic') throw queueNotFound(row.vhost, row.name)
  return whenDurable(broker.topicsOf(vhost).configure(topic, row.configs))
}

function bind({ broker }: DefinitionsTarget, row: BindingDefined): Promise<void> {
  const { source, destination, destinationKind, routingKey, arguments: args } = row
  const vhost = broker.getVHost(row.vhost)
  const changes =
    destinationKind === 'queue'
      ? vhost.bindQueue(destination, source, routingKey, args)
      : vhost.bindExchange(destination, source, routingKey, args)
  return write(broker, changes)
}

function limitVHost(
  { broker, keeper }: DefinitionsTarget,
  { vhost, limits }: VHostLimitsDefined,
): Promise<void> {
  const { metadata } = broker.getVHost(vhost)
  return keeper.putVHost(vhost, { ...metadata, limits })
}

function write({ topology }: Broker, changes: Changes): Promise<void> {
  return whenDurable(topology.write(changes))
}

function refuseIf(reason: string | undefined): void {
  if (reason !== undefined) throw new BrokerError('precondition_failed', reason)
}
