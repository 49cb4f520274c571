// RabbitMQ's management API, as far as it is there: paths, JSON, statuses and texts are RabbitMQ's. Who
// may ask is for those to decide who mount it.
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Broker } from '../broker/broker.ts'
import { networkLimits } from '../limits/network.ts'
import { createPolicyRoutes } from './policy-routes.ts'

/** Everything below `/api`. */
export function createManagementRoutes(broker: Broker): Hono {
  const routes = new Hono()
  const onError = 'Exceeded HTTP request body size limit'
  routes.use(
    bodyLimit({
      maxSize: networkLimits.httpBodySizeMax,
      onError: (context) => context.json({ error: 'bad_request', reason: onError }, 400),
    }),
  )
  routes.get('/vhosts', (context) => context.json(broker.vhostNames.map((name) => ({ name }))))
  routes.route('/policies', createPolicyRoutes(broker, false))
  routes.route('/operator-policies', createPolicyRoutes(broker, true))
  return routes
}
