// Limits of users and virtual hosts by HTTP.
import { type Context, Hono } from 'hono'
import { whyNoLimit } from '../broker/limit-names.ts'
import {
  badRequest,
  type ManagementParts,
  notFound,
  readObject,
  roomToDeclare,
  whyMissing,
} from './answers.ts'
import { ownUser } from './user-routes.ts'

type Limits = Readonly<Record<string, number>>

/** Something with limits. */
interface Limited {
  readonly limits: Limits
  /** Why they stay as they are. */
  readonly whyFixed?: string
  set(limits: Limits): Promise<void>
}

interface Kind {
  /** What JSON calls it. */
  readonly key: 'user' | 'vhost'
  all(): readonly string[]
  find(name: string): Limited | undefined
}

export function createUserLimitRoutes({ broker, keeper }: ManagementParts): Hono {
  const { access } = broker
  return createLimitRoutes(broker, {
    key: 'user',
    all: () => access.users().map(({ name }) => name),
    find: (name) => {
      const user = access.findUser(name)
      if (user === undefined) return undefined
      const { limits = {} } = user
      return {
        limits,
        ...(access.isOwn(name) && { whyFixed: ownUser(name) }),
        set: (changed) => keeper.limitUser(user, changed),
      }
    },
  })
}

export function createVHostLimitRoutes({ broker, keeper }: ManagementParts): Hono {
  return createLimitRoutes(broker, {
    key: 'vhost',
    all: () => broker.vhostNames,
    find: (name) => {
      const vhost = broker.findVHost(name)
      if (vhost === undefined) return undefined
      const { metadata = {} } = vhost
      const { limits = {} } = metadata
      return { limits, set: (changed) => keeper.putVHost(name, { ...metadata, limits: changed }) }
    },
  })
}

function createLimitRoutes(broker: ManagementParts['broker'], kind: Kind): Hono {
  const { key } = kind
  const list = (asked: readonly string[]): object[] =>
    asked
      .map((name) => ({ [key]: name, value: kind.find(name)?.limits ?? {} }))
      .filter(({ value }) => Object.keys(value).length > 0)
  const routes = new Hono()
  routes.get('/', (context) => context.json(list(kind.all())))
  routes.get('/:of', (context) => {
    const name = context.req.param('of')
    return kind.find(name) === undefined ? notFound(context) : context.json(list([name]))
  })
  routes.put('/:of/:limit', async (context) => {
    const { of, limit } = context.req.param()
    const value = await readValue(context)
    if (value instanceof Response) return value
    const problem = whyNoLimit(key, limit, value)
    if (problem !== undefined) return badRequest(context, problem)
    await roomToDeclare(broker)
    return change(context, kind.find(of), (limits) => ({ ...limits, [limit]: value }))
  })
  routes.delete('/:of/:limit', async (context) => {
    const { of, limit } = context.req.param()
    await roomToDeclare(broker)
    return change(context, kind.find(of), (limits) => without(limits, limit))
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

function without(limits: Limits, name: string): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([other]) => other !== name))
}

async function change(
  context: Context,
  limited: Limited | undefined,
  make: (limits: Limits) => Limits,
): Promise<Response> {
  if (limited === undefined) return notFound(context)
  if (limited.whyFixed !== undefined) return badRequest(context, limited.whyFixed)
  await limited.set(make(limited.limits))
  return context.body(null, 204)
}

async function readValue(context: Context): Promise<number | Response> {
  const body = await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const missing = whyMissing(body, ['value'])
  if (missing !== undefined) return badRequest(context, missing)
  const { value } = body
  if (Number.isSafeInteger(value)) return value as number
  return badRequest(context, `value should be integer, actually was ${JSON.stringify(value)}`)
}
