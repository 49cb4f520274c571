// Users by HTTP. A change is answered when it is durable.
import { type Context, Hono } from 'hono'
import { isTexts, secretsOf, tagsOf, whyNoTags, whyNoUser } from '../auth/user-asked.ts'
import { whyNoLimit } from '../broker/limit-names.ts'
import { compareNames } from '../lib/compare-names.ts'
import {
  badRequest,
  isObject,
  type ManagementParts,
  notFound,
  readObject,
  roomToDeclare,
  stored,
} from './answers.ts'
import { textsOf, whyNoPatterns } from './patterns.ts'
import { permissionJson, topicPermissionJson } from './permission-routes.ts'

type Broker = ManagementParts['broker']
type Access = Broker['access']
type User = NonNullable<ReturnType<Access['findUser']>>
type PermissionRow = ReturnType<Access['permissions']>[number]

export function createUserRoutes(parts: ManagementParts): Hono {
  const { broker, keeper } = parts
  const { access } = broker
  const routes = new Hono()
  const inOrder = (): User[] => access.users().toSorted((a, b) => compareNames(a.name, b.name))
  routes.get('/', (context) => context.json(inOrder().map(userJson)))
  routes.get('/without-permissions', (context) => {
    const permitted = new Set(access.permissions(broker.vhostNames).map(({ user }) => user))
    return context.json(
      inOrder()
        .filter(({ name }) => !permitted.has(name))
        .map(userJson),
    )
  })
  routes.get('/:name', (context) => {
    const user = access.findUser(context.req.param('name'))
    return user === undefined ? notFound(context) : context.json(userJson(user))
  })
  routes.get('/:name/permissions', (context) => {
    const name = context.req.param('name')
    if (access.findUser(name) === undefined) return badRequest(context, 'vhost_or_user_not_found')
    const rows = access.permissions(broker.vhostNames).filter(({ user }) => user === name)
    return context.json(rows.map(permissionJson))
  })
  routes.get('/:name/topic-permissions', (context) => {
    const name = context.req.param('name')
    if (access.findUser(name) === undefined) return badRequest(context, 'vhost_or_user_not_found')
    const rows = access.topicPermissionsOf(name)
    return context.json(rows.map(topicPermissionJson))
  })
  routes.put('/:name', (context) => putUser(context, parts, context.req.param('name')))
  routes.delete('/:name', async (context) => {
    const name = context.req.param('name')
    if (access.isOwn(name)) return badRequest(context, ownUser(name))
    await roomToDeclare(broker)
    const done = keeper.deleteUsers([name])
    if (done === undefined) return notFound(context)
    await done
    return context.body(null, 204)
  })
  routes.post('/bulk-delete', (context) => deleteUsers(context, parts))
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

/** Why the user of the settings stays as it is. */
export function ownUser(name: string): string {
  return `Protected users cannot be modified via the HTTP API: user '${name}' is that of the settings, see --user and --password-file`
}

async function putUser(context: Context, parts: ManagementParts, name: string): Promise<Response> {
  const { broker, keeper } = parts
  if (broker.access.isOwn(name)) return badRequest(context, ownUser(name))
  const body = await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const tags = tagsOf(body)
  const problem = whyNoUser(name, body) ?? whyNoTags(tags) ?? whyNoLimits(body['limits'])
  if (problem !== undefined) return badRequest(context, problem)
  await roomToDeclare(broker)
  const secrets = await secretsOf(body, broker.random, broker.access.findUser(name))
  // Others have changed users and virtual hosts meanwhile.
  const before = broker.access.findUser(name)
  const full = before === undefined ? keeper.whyFull : undefined
  const refusal = full ?? whyNotPermitted(body['permissions'], broker)
  if (refusal !== undefined) return badRequest(context, refusal)
  const limits = (body['limits'] as User['limits']) ?? before?.limits
  // RabbitMQ's rule: those of a user who is there stay as they are.
  const permissions = before === undefined ? permissionsOf(name, body['permissions']) : []
  await keeper.putUser(
    { name, tags: tags ?? [], ...secrets, ...(limits && { limits }) },
    permissions,
  )
  return stored(context, before === undefined)
}

function whyNoLimits(limits: unknown): string | undefined {
  if (limits === undefined) return undefined
  if (!isObject(limits)) return 'limits must be an object'
  for (const [limit, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value)) {
      return `${limit} should be integer, actually was ${JSON.stringify(value)}`
    }
    const problem = whyNoLimit('user', limit, value as number)
    if (problem !== undefined) return problem
  }
  return undefined
}

const rights = ['configure', 'write', 'read'] as const

/** By virtual host. */
function whyNotPermitted(permissions: unknown, broker: Broker): string | undefined {
  if (permissions === undefined) return undefined
  if (!isObject(permissions)) return 'permissions must be an object'
  for (const [vhost, patterns] of Object.entries(permissions)) {
    if (broker.findVHost(vhost) === undefined) return `no_such_vhost: there is no vhost '${vhost}'`
    if (!isObject(patterns)) return `permissions in vhost '${vhost}' must be an object`
    const problem = whyNoPatterns(patterns, rights)
    if (problem !== undefined) return problem
  }
  return undefined
}

function permissionsOf(user: string, permissions: unknown = {}): PermissionRow[] {
  const byVHost = Object.entries(permissions as Record<string, Record<string, unknown>>)
  return byVHost.map(([vhost, patterns]) => ({ user, vhost, ...textsOf(patterns, rights) }))
}

/** Whoever of them is not there, or is the user of the settings, is passed over, as by RabbitMQ. */
async function deleteUsers(
  context: Context,
  { broker, keeper }: ManagementParts,
): Promise<Response> {
  const body = await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const { users } = body
  if (users === undefined) return badRequest(context, '[{key_missing,users}]')
  if (!isTexts(users)) return badRequest(context, 'users must be a list of names')
  await roomToDeclare(broker)
  await keeper.deleteUsers(users)
  return context.body(null, 204)
}

function userJson({ name, passwordHash, hashingAlgorithm, tags, limits = {} }: User): object {
  return {
    name,
    password_hash: passwordHash,
    hashing_algorithm: hashingAlgorithm,
    tags,
    limits,
  }
}
