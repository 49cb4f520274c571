// Everything below `/api`: RabbitMQ's management API with its paths, JSON, statuses and texts, and below `/v1`
// Pabal's own.
import { Hono } from 'hono'
import type { ManagementParts } from './answers.ts'
import { type ApiVariables, createApi } from './api/api.ts'
import { openApiDocument } from './api/openapi.ts'
import { type Operation, operation } from './api/operation.ts'
import type { ClusterDoor } from './api/where.ts'
import { type CallerOptions, findCaller } from './callers.ts'
import { elsewhereOf } from './cluster/elsewhere.ts'
import { bindingOperations } from './rabbitmq/bindings.ts'
import { channelOperations } from './rabbitmq/channels.ts'
import { connectionOperations } from './rabbitmq/connections.ts'
import { definitionsOperations } from './rabbitmq/definitions.ts'
import { effectiveConfigOperation } from './rabbitmq/effective-config.ts'
import { exchangeOperations } from './rabbitmq/exchanges.ts'
import { featureOperations } from './rabbitmq/features.ts'
import { globalParameterOperations } from './rabbitmq/global-parameters.ts'
import { healthCheckOperations } from './rabbitmq/health-checks.ts'
import { limitOperations } from './rabbitmq/limits.ts'
import { linkOperations } from './rabbitmq/links.ts'
import { loginAttemptOperations } from './rabbitmq/login-attempts.ts'
import { loginOperations } from './rabbitmq/logins.ts'
import { maintenanceOperations } from './rabbitmq/maintenance.ts'
import { nodeOperations } from './rabbitmq/nodes.ts'
import { overviewOperations } from './rabbitmq/overview.ts'
import { parameterOperations } from './rabbitmq/parameters.ts'
import { permissionOperations } from './rabbitmq/permissions.ts'
import { policyOperations } from './rabbitmq/policies.ts'
import { publishOperation } from './rabbitmq/publish.ts'
import { queueGetOperation } from './rabbitmq/queue-get.ts'
import { queueListOperations } from './rabbitmq/queue-list.ts'
import { queueReplayOperations } from './rabbitmq/queue-replay.ts'
import { queueOperations } from './rabbitmq/queues.ts'
import { topicPermissionOperations } from './rabbitmq/topic-permissions.ts'
import { userOperations } from './rabbitmq/users.ts'
import { vhostOperations } from './rabbitmq/vhosts.ts'
import { whoAmIOperation } from './rabbitmq/whoami.ts'
import { tellChanges } from './tell-changes.ts'
import { aclOperations } from './v1/acl-operations.ts'
import { askingWithin } from './v1/ask-within.ts'
import { backupOperations } from './v1/backup-operation.ts'
import { browseOperations } from './v1/browse-operations.ts'
import { clusterOperations } from './v1/cluster-operations.ts'
import { configOperations } from './v1/config-operations.ts'
import { ownConnectionOperations } from './v1/connections/connection-operations.ts'
import { copyOperations } from './v1/copy-operations.ts'
import { deadLetterOperations } from './v1/dead-letter-operations.ts'
import { delayedOperations } from './v1/delayed-operations.ts'
import { demoOperations } from './v1/demo-operations.ts'
import { endDelayedOperations } from './v1/end-delayed-operations.ts'
import { exportOperation } from './v1/export-operation.ts'
import { groupOperations } from './v1/group-operations.ts'
import { homeOperation } from './v1/home/home-operation.ts'
import { jobOperations } from './v1/job-operations.ts'
import { latestOperation } from './v1/latest-operation.ts'
import { type LiveApi, liveOperation } from './v1/live-operation.ts'
import { drainOperations } from './v1/maintenance-operations.ts'
import { messageOperations } from './v1/message-operations.ts'
import { moveOperations } from './v1/move-operations.ts'
import { mqttOperations } from './v1/mqtt/mqtt-operations.ts'
import { newTopicOperation } from './v1/new-topic-operation.ts'
import { notInMaintenance } from './v1/not-in-maintenance.ts'
import { offsetsOperation } from './v1/offsets-operation.ts'
import { payloadOperation } from './v1/payload-operation.ts'
import { publishBatchOperations } from './v1/publish-operations.ts'
import { quotaOperations } from './v1/quota-operations.ts'
import { receiveOperations } from './v1/receive-operations.ts'
import { scheduleOperations } from './v1/schedule-operations.ts'
import { sessionOperations } from './v1/session-operations.ts'
import { setAsideOperations } from './v1/set-aside-operations.ts'
import { StreamFacts } from './v1/stream-facts.ts'
import { streamOperations } from './v1/stream-operations.ts'
import { tailOperation } from './v1/tail-operation.ts'
import { testOperations } from './v1/test-operations.ts'
import { topologyOperations } from './v1/topology-operation.ts'
import { traceOperations } from './v1/trace-operations.ts'
import { transactionOperations } from './v1/transaction-operations.ts'

export interface ManagementRouteOptions {
  readonly onFault?: (error: Error) => void
  /** Clients ask here, and what is not this node's own goes to whoever has it. */
  readonly edgeOf?: ClusterDoor | undefined
}

export function createManagementRoutes(
  parts: ManagementParts,
  callers: CallerOptions & ManagementRouteOptions,
): Hono<ApiVariables> {
  const { broker } = parts
  const routes = new Hono<ApiVariables>()
  routes.use(tellChanges(parts))
  const caller = findCaller(callers)
  const operations = managementOperations(parts, callers, askingWithin(routes, callers.onFault))
  const { edgeOf } = callers
  const elsewhere = edgeOf && elsewhereOf(edgeOf, broker)
  routes.route('/', createApi({ broker, operations, caller, elsewhere }))
  return routes
}

/** In the order in which they are matched and documented. */
export function managementOperations(
  parts: ManagementParts,
  callers: CallerOptions,
  askAs: LiveApi['askAs'],
): Operation[] {
  /** One limit for all that is published by HTTP. */
  const publishing = { ...parts, underWay: { size: 0 } }
  const operations: Operation[] = [
    ...rabbitmqOperations(parts, callers, publishing),
    ...ownOperations(parts, callers, publishing),
    liveOperation(parts, { operations: () => operations, askAs }),
  ]
  const { version } = parts.source.status()
  const document: Operation = operation({
    method: 'get',
    path: '/openapi.json',
    where: 'node',
    tag: 'Document',
    summary: 'This document',
    access: 'open',
    answers: { 200: 'An OpenAPI 3.1 document' },
    handle: () => openApiDocument([...operations, document], version),
  })
  return [...operations, document]
}

type Publishing = Parameters<typeof mqttOperations>[0]

/** RabbitMQ's management API. */
function rabbitmqOperations(
  parts: ManagementParts,
  { authenticate }: CallerOptions,
  publishing: Publishing,
): Operation[] {
  return [
    whoAmIOperation,
    ...overviewOperations(parts),
    ...nodeOperations(parts),
    ...connectionOperations(parts),
    ...channelOperations(parts),
    ...exchangeOperations(parts),
    publishOperation(publishing),
    ...queueListOperations(parts),
    ...queueOperations(parts),
    queueGetOperation(parts.broker, parts.clients),
    ...queueReplayOperations(parts.broker),
    ...bindingOperations(parts),
    ...vhostOperations(parts),
    ...userOperations(parts),
    ...permissionOperations(parts),
    ...topicPermissionOperations(parts),
    ...aclOperations(parts.broker),
    ...limitOperations(parts),
    ...policyOperations(parts.broker),
    ...parameterOperations(parts),
    ...globalParameterOperations(parts),
    ...linkOperations(parts),
    ...healthCheckOperations(parts),
    ...featureOperations(),
    ...maintenanceOperations(parts),
    effectiveConfigOperation(parts),
    ...loginAttemptOperations(parts),
    ...loginOperations(parts, { authenticate }),
    ...(parts.origin === undefined ? [] : definitionsOperations(parts, parts.origin)),
  ]
}

/** What RabbitMQ has no path for, below `/v1`. */
function ownOperations(
  parts: ManagementParts,
  { authenticate, sessions }: CallerOptions,
  publishing: Publishing,
): Operation[] {
  const facts = new StreamFacts(parts)
  return [
    homeOperation(parts),
    ...clusterOperations(parts),
    ...ownConnectionOperations(parts),
    ...groupOperations(parts, facts.groupLags),
    ...setAsideOperations(parts),
    ...streamOperations(parts, facts),
    newTopicOperation(parts),
    ...transactionOperations(parts),
    ...mqttOperations(publishing),
    ...notInMaintenance(
      [...publishBatchOperations(publishing), ...receiveOperations(parts)],
      parts.maintenance,
    ),
    ...quotaOperations(parts.broker),
    ...topologyOperations(parts),
    ...testOperations(parts.broker),
    ...sessionOperations({ broker: parts.broker, authenticate, sessions }),
    ...backupOperations(parts),
    ...configOperations(parts),
    ...browseOperations(parts.broker),
    latestOperation(parts.broker),
    offsetsOperation(parts.broker),
    payloadOperation(parts),
    ...messageOperations(parts),
    tailOperation(parts),
    exportOperation(parts),
    ...jobOperations(parts.broker),
    ...traceOperations(parts.broker),
    ...delayedOperations(parts.broker),
    ...endDelayedOperations(parts.broker),
    ...scheduleOperations(parts.broker),
    ...deadLetterOperations(parts.broker),
    ...moveOperations(parts.broker),
    ...copyOperations(parts.broker, parts.groups),
    ...(parts.openDemo === undefined ? [] : demoOperations(parts.openDemo)),
    ...(parts.maintenance === undefined ? [] : drainOperations(parts.maintenance, parts.clients)),
  ]
}
