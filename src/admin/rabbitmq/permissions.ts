// Permissions. A change is in force at once, and answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { whyOwnUserMayDoAll } from './own-user.ts'
import { textsOf, whyNoPatterns } from './patterns.ts'
import {
  permissionJson,
  permissionListing,
  permissionSchema,
  type PermissionRow,
} from './user-json.ts'

const tag = 'Permissions'
const access = 'administrator'
const path = '/permissions/{vhost}/{user}'
const rights = ['configure', 'write', 'read'] as const
const pattern = judgedLater('string', 'A regular expression; empty: nothing')

/** Whose permissions, and where. */
export interface PermissionPlace {
  readonly user: string
  readonly vhost: string
}

export function permissionOperations(parts: ManagementParts): Operation[] {
  const { broker, keeper } = parts
  const { access: rows } = broker
  const find = (place: PermissionPlace): PermissionRow | undefined => findPermission(place, broker)
  return [
    operation({
      method: 'get',
      path: '/permissions',
      tag,
      summary: 'Permissions of all users in all virtual hosts',
      access,
      query: listQuery,
      answers: { 200: listOf(permissionSchema) },
      handle: ({ query }) =>
        answerList(broker.slices, query, permissionListing(rows.permissions(broker.vhostNames))),
    }),
    operation({
      method: 'get',
      path,
      tag,
      summary: 'What a user may do in a virtual host',
      access,
      answers: { 200: permissionSchema },
      handle({ names, context }) {
        const found = find(names)
        return found === undefined ? notFound(context) : permissionJson(found)
      },
    }),
    operation({
      method: 'put',
      path,
      tag,
      summary: 'Say what a user may do in a virtual host',
      access,
      body: z.object({ configure: pattern, write: pattern, read: pattern }),
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) => put(context, parts, { place: names, body }),
    }),
    operation({
      method: 'delete',
      path,
      tag,
      summary: 'Take the permissions of a user in a virtual host away',
      access,
      answers: { 204: 'Deleted' },
      async handle({ names, context }) {
        if (find(names) === undefined) return notFound(context)
        if (rows.isOwn(names.user)) return badRequest(context, whyOwnUserMayDoAll(names.user))
        await roomToDeclare(broker)
        await keeper.clearPermission(names.user, names.vhost)
        return context.body(null, 204)
      },
    }),
  ]
}

interface Put {
  readonly place: PermissionPlace
  readonly body: Readonly<Record<string, unknown>>
}

async function put(
  context: Context,
  parts: ManagementParts,
  { place, body }: Put,
): Promise<Response> {
  const { broker, keeper } = parts
  if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
  const problem = whyNoPatterns(body, rights)
  if (problem !== undefined) return badRequest(context, problem)
  const patterns = textsOf(body, rights)
  if (broker.access.isOwn(place.user)) {
    const isAll = Object.values(patterns).every((each) => each === '.*')
    return isAll ? stored(context, false) : badRequest(context, whyOwnUserMayDoAll(place.user))
  }
  await roomToDeclare(broker)
  if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
  const isNew = findPermission(place, broker) === undefined
  if (isNew && keeper.whyFull !== undefined) return badRequest(context, keeper.whyFull)
  await keeper.setPermission({ ...place, ...patterns })
  return stored(context, isNew)
}

function findPermission(
  { user, vhost }: PermissionPlace,
  broker: Broker,
): PermissionRow | undefined {
  return broker.findVHost(vhost) && broker.access.findPermission(user, vhost)
}

/** Whether there are such a user and such a virtual host. */
export function isThere({ user, vhost }: PermissionPlace, { broker }: ManagementParts): boolean {
  return broker.access.findUser(user) !== undefined && broker.findVHost(vhost) !== undefined
}
