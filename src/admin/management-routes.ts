// Everything below `/api`: RabbitMQ's management API with its paths, JSON, statuses and texts, and below `/v1`
// Pabal's own.
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { definitionsLimits } from '../limits/definitions.ts'
import { networkLimits } from '../limits/network.ts'
import { badRequest, type ManagementParts } from './answers.ts'
import { type ApiVariables, createApi } from './api/api.ts'
import { openApiDocument } from './api/openapi.ts'
import { type Operation, operation } from './api/operation.ts'
import { type CallerOptions, findCaller } from './callers.ts'
import { createDefinitionsRoutes } from './definitions-routes.ts'
import { createUserLimitRoutes, createVHostLimitRoutes } from './limit-routes.ts'
import { createPermissionRoutes, createTopicPermissionRoutes } from './permission-routes.ts'
import { createPolicyRoutes } from './policy-routes.ts'
import { createQueueRoutes } from './queue-routes.ts'
import { queueListOperations } from './rabbitmq/queue-list.ts'
import { whoAmIOperation } from './rabbitmq/whoami.ts'
import { tellChanges } from './tell-changes.ts'
import { createUserRoutes } from './user-routes.ts'
import { maintenanceOperations } from './v1/maintenance-operations.ts'
import { sessionOperations } from './v1/session-operations.ts'
import { createVHostRoutes } from './vhost-routes.ts'

export function createManagementRoutes(
  parts: ManagementParts,
  callers: CallerOptions,
): Hono<ApiVariables> {
  const { broker, keeper, origin, logger } = parts
  const routes = new Hono<ApiVariables>()
  if (logger !== undefined) routes.use(tellChanges(logger))
  const caller = findCaller(callers)
  routes.route('/', createApi({ broker, operations: operationsOf(parts, callers), caller }))
  routes.use(caller, onlyAdministrators)
  if (origin !== undefined) {
    routes.use('/definitions/*', limitBody(definitionsLimits.fileSizeMax))
    routes.route('/definitions', createDefinitionsRoutes({ broker, keeper }, origin))
  }
  routes.use(limitBody(networkLimits.httpBodySizeMax))
  routes.route('/vhosts', createVHostRoutes(parts))
  routes.route('/users', createUserRoutes(parts))
  routes.route('/permissions', createPermissionRoutes(parts))
  routes.route('/topic-permissions', createTopicPermissionRoutes(parts))
  routes.route('/user-limits', createUserLimitRoutes(parts))
  routes.route('/vhost-limits', createVHostLimitRoutes(parts))
  routes.route('/queues', createQueueRoutes(broker))
  routes.route('/policies', createPolicyRoutes(broker, false))
  routes.route('/operator-policies', createPolicyRoutes(broker, true))
  return routes
}

/** In the order in which they are matched and documented. */
function operationsOf(
  parts: ManagementParts,
  { authenticate, sessions }: CallerOptions,
): Operation[] {
  const operations = [
    whoAmIOperation,
    ...queueListOperations(parts.broker),
    ...sessionOperations({ authenticate, sessions }),
    ...(parts.maintenance === undefined ? [] : maintenanceOperations(parts.maintenance)),
  ]
  const { version } = parts.source.status()
  const document: Operation = operation({
    method: 'get',
    path: '/openapi.json',
    tag: 'Document',
    summary: 'This document',
    access: 'open',
    answers: { 200: 'An OpenAPI 3.1 document' },
    handle: () => openApiDocument([...operations, document], version),
  })
  return [...operations, document]
}

const onlyAdministrators: MiddlewareHandler<ApiVariables> = async (context, next) => {
  if (context.get('caller').hasTag('administrator')) return next()
  return context.json({ error: 'not_authorised', reason: 'Not administrator user' }, 401)
}

function limitBody(maxSize: number): MiddlewareHandler {
  const onError = 'Exceeded HTTP request body size limit'
  return bodyLimit({ maxSize, onError: (context) => badRequest(context, onError) })
}
