// Topic permissions: which routing keys a user may publish with and bind to. A change is in force at once, and
// answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { whyOwnUserMayDoAll } from './own-user.ts'
import { textsOf, whyNoPatterns } from './patterns.ts'
import { isThere, type PermissionPlace } from './permissions.ts'
import {
  topicPermissionJson,
  topicPermissionListing,
  topicPermissionSchema,
  type TopicPermissionRow,
} from './user-json.ts'

const tag = 'Permissions'
const access = 'administrator'
const path = '/topic-permissions/{vhost}/{user}'
const keys = ['exchange', 'write', 'read'] as const
const pattern = judgedLater('string', 'A regular expression; empty: nothing')

export function topicPermissionOperations(parts: ManagementParts): Operation[] {
  const { broker } = parts
  const { access: rows } = broker
  return [
    operation({
      method: 'get',
      path: '/topic-permissions',
      tag,
      summary: 'Topic permissions of all users in all virtual hosts',
      access,
      query: listQuery,
      answers: { 200: listOf(topicPermissionSchema) },
      handle: ({ query }) =>
        answerList(broker.slices, query, topicPermissionListing(rows.topicPermissions())),
    }),
    operation({
      method: 'get',
      path,
      tag,
      summary: 'Topic permissions of a user in a virtual host',
      access,
      answers: { 200: z.array(topicPermissionSchema) },
      handle({ names, context }) {
        const found = rowsAt(names, parts)
        return found.length === 0 ? notFound(context) : found.map(topicPermissionJson)
      },
    }),
    operation({
      method: 'put',
      path,
      tag,
      summary: 'Say which topics of an exchange a user may publish to and read',
      access,
      body: z.object({
        exchange: judgedLater('string', 'Its name'),
        write: pattern,
        read: pattern,
      }),
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) => put(context, parts, { place: names, body }),
    }),
    operation({
      method: 'delete',
      path,
      tag,
      summary: 'Take the topic permissions of a user in a virtual host away',
      access,
      answers: { 204: 'Deleted' },
      handle: ({ names, context }) => clear(context, parts, { place: names }),
    }),
    operation({
      method: 'delete',
      path: `${path}/{exchange}`,
      tag,
      summary: 'Take the topic permissions of a user for an exchange away',
      access,
      answers: { 204: 'There are none' },
      handle: ({ names: { exchange, ...place }, context }) =>
        clear(context, parts, { place, exchange }),
    }),
  ]
}

function rowsAt(
  { user, vhost }: PermissionPlace,
  { broker }: ManagementParts,
): TopicPermissionRow[] {
  return broker.access.topicPermissionsOf(user).filter((row) => row.vhost === vhost)
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
  if (broker.access.isOwn(place.user)) {
    return badRequest(context, whyOwnUserMayDoAll(place.user))
  }
  const problem = whyNoPatterns(body, keys)
  if (problem !== undefined) return badRequest(context, problem)
  await roomToDeclare(broker)
  if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
  const isNew = rowsAt(place, parts).length === 0
  if (keeper.whyFull !== undefined) return badRequest(context, keeper.whyFull)
  await keeper.setTopicPermission({ ...place, ...textsOf(body, keys) })
  return stored(context, isNew)
}

interface Cleared {
  readonly place: PermissionPlace
  /** Left out, for all. */
  readonly exchange?: string
}

/** As RabbitMQ: missing is who has none at all, not an exchange for which there is none. */
async function clear(
  context: Context,
  parts: ManagementParts,
  { place, exchange }: Cleared,
): Promise<Response> {
  const rows = rowsAt(place, parts)
  if (rows.length === 0) return notFound(context)
  const cleared = rows.filter((row) => exchange === undefined || row.exchange === exchange)
  await roomToDeclare(parts.broker)
  if (cleared.length > 0) await parts.keeper.clearTopicPermissions(cleared)
  return context.body(null, 204)
}
