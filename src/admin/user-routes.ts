// Users by HTTP. A change is answered when it is durable.
import { type Context, Hono } from 'hono'
import { secretsOf, tagsOf, whyNoTags, whyNoUser } from '../auth/user-asked.ts'
import {
  badRequest,
  compareNames,
  type ManagementParts,
  notFound,
  readObject,
  roomToDeclare,
  stored,
} from './answers.ts'
import { permissionJson, topicPermissionJson } from './permission-routes.ts'

type Access = ManagementParts['broker']['access']
type User = NonNullable<ReturnType<Access['findUser']>>

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
    const rows = access.topicPermissions().filter(({ user }) => user === name)
    return context.json(rows.map(topicPermissionJson))
  })
  routes.put('/:name', (context) => putUser(context, parts, context.req.param('name')))
  routes.delete('/:name', async (context) => {
    const name = context.req.param('name')
    if (access.isOwn(name)) return badRequest(context, ownUser(name))
    await roomToDeclare(broker)
    const done = keeper.deleteUser(name)
    if (done === undefined) return notFound(context)
    await done
    return context.body(null, 204)
  })
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
  const before = broker.access.findUser(name)
  const unserved = ['limits', 'permissions'].find((key) => Object.hasOwn(body, key))
  if (unserved !== undefined) return badRequest(context, `${unserved} are set by their own path`)
  const tags = tagsOf(body)
  const full = before === undefined ? keeper.whyFull : undefined
  const problem = whyNoUser(name, body) ?? full ?? whyNoTags(tags)
  if (problem !== undefined) return badRequest(context, problem)
  const secrets = await secretsOf(body, broker.random, before)
  await roomToDeclare(broker)
  const limits = before?.limits
  await keeper.putUser({ name, tags: tags ?? [], ...secrets, ...(limits && { limits }) })
  return stored(context, before === undefined)
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
