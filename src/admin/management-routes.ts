// RabbitMQ's management API, as far as it is there: paths, JSON, statuses and texts are RabbitMQ's. Who
// may ask is for those to decide who mount it.
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { definitionsLimits } from '../limits/definitions.ts'
import { networkLimits } from '../limits/network.ts'
import { badRequest, type ManagementParts } from './answers.ts'
import { createDefinitionsRoutes } from './definitions-routes.ts'
import { createUserLimitRoutes, createVHostLimitRoutes } from './limit-routes.ts'
import { createPermissionRoutes, createTopicPermissionRoutes } from './permission-routes.ts'
import { createPolicyRoutes } from './policy-routes.ts'
import { createQueueRoutes } from './queue-routes.ts'
import { tellChanges } from './tell-changes.ts'
import { createUserRoutes } from './user-routes.ts'
import { createVHostRoutes } from './vhost-routes.ts'

/** Everything below `/api`. */
export function createManagementRoutes(parts: ManagementParts): Hono {
  const { broker, keeper, origin, logger } = parts
  const routes = new Hono()
  if (logger !== undefined) routes.use(tellChanges(logger))
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

function limitBody(maxSize: number): MiddlewareHandler {
  const onError = 'Exceeded HTTP request body size limit'
  return bodyLimit({ maxSize, onError: (context) => badRequest(context, onError) })
}
