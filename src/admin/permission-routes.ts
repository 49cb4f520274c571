// Permissions and topic permissions by HTTP. A change is in force at once, and answered when it is durable.
import { type Context, Hono } from 'hono'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from './answers.ts'
import { readPatterns } from './patterns.ts'

type Access = ManagementParts['broker']['access']
type Permission = ReturnType<Access['permissions']>[number]
type TopicPermission = ReturnType<Access['topicPermissions']>[number]

/** Whose permissions, and where. */
interface Place {
  readonly user: string
  readonly vhost: string
}

export function createPermissionRoutes(parts: ManagementParts): Hono {
  const { broker, keeper } = parts
  const { access } = broker
  const routes = new Hono()
  const all = (): Permission[] => access.permissions(broker.vhostNames)
  const find = ({ user, vhost }: Place): Permission | undefined =>
    broker.findVHost(vhost) && access.findPermission(user, vhost)
  routes.get('/', (context) => context.json(all().map(permissionJson)))
  routes.get('/:vhost/:user', (context) => {
    const found = find(context.req.param())
    return found === undefined ? notFound(context) : context.json(permissionJson(found))
  })
  routes.put('/:vhost/:user', async (context) => {
    const place = context.req.param()
    if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
    const patterns = await readPatterns(context, ['configure', 'write', 'read'])
    if (patterns instanceof Response) return patterns
    if (access.isOwn(place.user)) {
      const isAll = Object.values(patterns).every((pattern) => pattern === '.*')
      return isAll ? stored(context, false) : badRequest(context, mayDoAll(place.user))
    }
    await roomToDeclare(broker)
    if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
    const isNew = find(place) === undefined
    if (isNew && keeper.whyFull !== undefined) return badRequest(context, keeper.whyFull)
    await keeper.setPermission({ ...place, ...patterns })
    return stored(context, isNew)
  })
  routes.delete('/:vhost/:user', async (context) => {
    const place = context.req.param()
    if (access.isOwn(place.user)) return badRequest(context, mayDoAll(place.user))
    if (find(place) === undefined) return notFound(context)
    await roomToDeclare(broker)
    await keeper.clearPermission(place.user, place.vhost)
    return context.body(null, 204)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

export function createTopicPermissionRoutes(parts: ManagementParts): Hono {
  const { broker, keeper } = parts
  const { access } = broker
  const routes = new Hono()
  const of = ({ user, vhost }: Place): TopicPermission[] =>
    access.topicPermissionsOf(user).filter((row) => row.vhost === vhost)
  /** As RabbitMQ: missing is who has none at all, not an exchange for which there is none. */
  const clear = async (context: Context, place: Place, exchange?: string): Promise<Response> => {
    const rows = of(place)
    if (rows.length === 0) return notFound(context)
    const cleared = rows.filter((row) => exchange === undefined || row.exchange === exchange)
    await roomToDeclare(broker)
    if (cleared.length > 0) await keeper.clearTopicPermissions(cleared)
    return context.body(null, 204)
  }
  routes.get('/', (context) => context.json(access.topicPermissions().map(topicPermissionJson)))
  routes.get('/:vhost/:user', (context) => {
    const rows = of(context.req.param())
    return rows.length === 0 ? notFound(context) : context.json(rows.map(topicPermissionJson))
  })
  routes.put('/:vhost/:user', async (context) => {
    const place = context.req.param()
    if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
    if (access.isOwn(place.user)) return badRequest(context, mayDoAll(place.user))
    const values = await readPatterns(context, ['exchange', 'write', 'read'])
    if (values instanceof Response) return values
    await roomToDeclare(broker)
    if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
    const isNew = of(place).length === 0
    if (keeper.whyFull !== undefined) return badRequest(context, keeper.whyFull)
    await keeper.setTopicPermission({ ...place, ...values })
    return stored(context, isNew)
  })
  routes.delete('/:vhost/:user', (context) => clear(context, context.req.param()))
  routes.delete('/:vhost/:user/:exchange', (context) => {
    const { exchange, ...place } = context.req.param()
    return clear(context, place, exchange)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

function mayDoAll(user: string): string {
  return `user '${user}' is that of the settings, and may do everything`
}

function isThere({ user, vhost }: Place, { broker }: ManagementParts): boolean {
  return broker.access.findUser(user) !== undefined && broker.findVHost(vhost) !== undefined
}

export function permissionJson({ user, vhost, configure, write, read }: Permission): object {
  return { user, vhost, configure, write, read }
}

export function topicPermissionJson(row: TopicPermission): object {
  const { user, vhost, exchange, write, read } = row
  return { user, vhost, exchange, write, read }
}
