// Users. A change is answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { isTexts, secretsOf, tagsOf, whyNoTags, whyNoUser } from '../../auth/user-asked.ts'
import { whyNoLimit } from '../../broker/limit-names.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { isObject } from '../../lib/is-object.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, type ListQuery, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { whyOwnUserStays } from './own-user.ts'
import { textsOf, whyNoPatterns } from './patterns.ts'
import {
  permissionListing,
  permissionSchema,
  topicPermissionListing,
  topicPermissionSchema,
  userJson,
  userSchema,
  type PermissionRow,
  type UserRow,
} from './user-json.ts'

const tag = 'Users'
const access = 'administrator'

const userBody = z.object({
  tags: judgedLater(
    ['string', 'array'],
    'A list, or text with commas: administrator, …',
  ).optional(),
  password: judgedLater('string', 'With neither, nobody logs in with a password').optional(),
  password_hash: judgedLater('string', 'In its place, as RabbitMQ has it').optional(),
  hashing_algorithm: judgedLater(
    'string',
    'Of `password_hash`: rabbit_password_hashing_sha256 or …_sha512',
  ).optional(),
  limits: judgedLater('object', 'By name; left out, they stay').optional(),
  permissions: judgedLater('object', 'By virtual host; of a new user only').optional(),
})

export function userOperations(parts: ManagementParts): Operation[] {
  return [
    ...userListOperations(parts),
    ...userChangeOperations(parts),
    ...permissionsOfUserOperations(parts),
  ]
}

function userChangeOperations(parts: ManagementParts): Operation[] {
  const { broker, keeper } = parts
  return [
    operation({
      method: 'post',
      path: '/users/bulk-delete',
      where: 'lead',
      tag,
      summary: 'Delete several users; whoever is not there is passed over',
      access,
      body: z.object({ users: judgedLater('array', 'Names') }),
      answers: { 204: 'None of them is there any more' },
      async handle({ body: { users }, context }) {
        if (!isTexts(users)) return badRequest(context, 'users must be a list of names')
        await roomToDeclare(broker)
        await keeper.deleteUsers(users)
        return context.body(null, 204)
      },
    }),
    operation({
      method: 'put',
      path: '/users/{user}',
      where: 'lead',
      tag,
      summary: 'Make a user, or change its password, tags and limits',
      access,
      body: userBody,
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) => putUser(context, parts, { name: names.user, body }),
    }),
    operation({
      method: 'delete',
      path: '/users/{user}',
      where: 'lead',
      tag,
      summary: 'Delete a user; its connections are closed',
      access,
      answers: { 204: 'Deleted' },
      async handle({ names: { user }, context }) {
        if (broker.access.isOwn(user)) return badRequest(context, whyOwnUserStays(user))
        await roomToDeclare(broker)
        const done = keeper.deleteUsers([user])
        if (done === undefined) return notFound(context)
        await done
        return context.body(null, 204)
      },
    }),
  ]
}

function userListOperations({ broker }: ManagementParts): Operation[] {
  const list = (query: ListQuery, items: readonly UserRow[]): Promise<Response> =>
    answerList(broker.slices, query, {
      items,
      json: userJson,
      nameOf: ({ name }) => name,
      compare: (a, b) => compareNames(a.name, b.name),
    })
  const facts = {
    method: 'get',
    tag,
    access,
    query: listQuery,
    answers: { 200: listOf(userSchema) },
  } as const
  return [
    operation({
      ...facts,
      path: '/users',
      where: 'lead',
      summary: 'Users',
      handle: ({ query }) => list(query, broker.access.users()),
    }),
    operation({
      ...facts,
      path: '/users/without-permissions',
      where: 'lead',
      summary: 'Users without a permission in any virtual host',
      handle({ query }) {
        const rows = broker.access.permissions(broker.vhostNames)
        const permitted = new Set(rows.map(({ user }) => user))
        const users = broker.access.users().filter(({ name }) => !permitted.has(name))
        return list(query, users)
      },
    }),
    operation({
      method: 'get',
      path: '/users/{user}',
      where: 'lead',
      tag,
      summary: 'A user',
      access,
      answers: { 200: userSchema },
      handle({ names, context }) {
        const user = broker.access.findUser(names.user)
        return user === undefined ? notFound(context) : userJson(user)
      },
    }),
  ]
}

function permissionsOfUserOperations({ broker }: ManagementParts): Operation[] {
  const { access: rows } = broker
  return [
    operation({
      method: 'get',
      path: '/users/{user}/permissions',
      where: 'lead',
      tag,
      summary: 'What a user may do in each virtual host',
      access,
      query: listQuery,
      answers: { 200: listOf(permissionSchema) },
      handle({ names, query, context }) {
        if (rows.findUser(names.user) === undefined) return notFound(context)
        const items = rows.permissions(broker.vhostNames).filter(({ user }) => user === names.user)
        return answerList(broker.slices, query, permissionListing(items))
      },
    }),
    operation({
      method: 'get',
      path: '/users/{user}/topic-permissions',
      where: 'lead',
      tag,
      summary: 'Which topics a user may publish to and read, in each virtual host',
      access,
      query: listQuery,
      answers: { 200: listOf(topicPermissionSchema) },
      handle({ names, query, context }) {
        if (rows.findUser(names.user) === undefined) return notFound(context)
        return answerList(
          broker.slices,
          query,
          topicPermissionListing(rows.topicPermissionsOf(names.user)),
        )
      },
    }),
  ]
}

interface UserPut {
  readonly name: string
  readonly body: Readonly<Record<string, unknown>>
}

async function putUser(
  context: Context,
  parts: ManagementParts,
  { name, body }: UserPut,
): Promise<Response> {
  const { broker, keeper } = parts
  if (broker.access.isOwn(name)) return badRequest(context, whyOwnUserStays(name))
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
  const limits = (body['limits'] as UserRow['limits']) ?? before?.limits
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
function whyNotPermitted(
  permissions: unknown,
  broker: ManagementParts['broker'],
): string | undefined {
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
