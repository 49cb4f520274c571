// Virtual hosts by HTTP. A change is answered when it is durable.
import { type Context, Hono } from 'hono'
import { metadataOf, whyNoVHost } from '../broker/vhost-asked.ts'
import {
  badRequest,
  type ManagementParts,
  notFound,
  readObject,
  readText,
  roomToDeclare,
  stored,
} from './answers.ts'
import { permissionJson, topicPermissionJson } from './permission-routes.ts'

type VHost = ReturnType<ManagementParts['broker']['getVHost']>

export function createVHostRoutes(parts: ManagementParts): Hono {
  const { broker, keeper } = parts
  const { access } = broker
  const routes = new Hono()
  routes.get('/', (context) => context.json(Array.from(broker.vhosts, vhostJson)))
  routes.get('/:name', (context) => {
    const vhost = broker.findVHost(context.req.param('name'))
    return vhost === undefined ? notFound(context) : context.json(vhostJson(vhost))
  })
  routes.get('/:name/permissions', (context) => {
    const name = context.req.param('name')
    if (broker.findVHost(name) === undefined) return notFound(context)
    const rows = access.permissions(broker.vhostNames).filter(({ vhost }) => vhost === name)
    return context.json(rows.map(permissionJson))
  })
  routes.get('/:name/topic-permissions', (context) => {
    const name = context.req.param('name')
    if (broker.findVHost(name) === undefined) return notFound(context)
    const rows = access.topicPermissions().filter(({ vhost }) => vhost === name)
    return context.json(rows.map(topicPermissionJson))
  })
  routes.put('/:name', (context) => put(context, parts, context.req.param('name')))
  routes.delete('/:name', async (context) => {
    const name = context.req.param('name')
    const kept = keeper.whyKept(name)
    if (kept !== undefined) return badRequest(context, kept)
    await roomToDeclare(broker)
    const done = keeper.deleteVHost(name)
    if (done === undefined) return notFound(context)
    await done
    return context.body(null, 204)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

async function put(
  context: Context,
  { broker, keeper }: ManagementParts,
  name: string,
): Promise<Response> {
  const body = (await readText(context)) === '' ? {} : await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const problem = whyNoVHost(name, body) ?? keeper.whyNoVHost(name)
  if (problem !== undefined) return badRequest(context, problem)
  await roomToDeclare(broker)
  const before = broker.findVHost(name)
  await keeper.putVHost(name, { ...before?.metadata, ...metadataOf(body) })
  return stored(context, before === undefined)
}

function vhostJson({ name, metadata = {} }: VHost): object {
  const { description = '', tags = [], defaultQueueType = 'classic' } = metadata
  const shown = { description, tags, default_queue_type: defaultQueueType }
  return { name, ...shown, metadata: shown, tracing: false }
}
