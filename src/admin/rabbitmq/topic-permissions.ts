// Topic permissions: which routing keys a user may publish with and bind to. A change is in force at once, and
// answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { badRequest, type ManagementParts, notFound, roomToDeclare } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { whyOwnUserMayDoAll } from './own-user.ts'
import {
  permissionAccess,
  permissionPattern,
  type PermissionPlace,
  permissionTag,
  putPermission,
} from './permission-place.ts'
import {
  topicPermissionJson,
  topicPermissionListing,
  topicPermissionSchema,
  type TopicPermissionRow,
} from './user-json.ts'

const tag = permissionTag
const access = permissionAccess
const path = '/topic-permissions/{vhost}/{user}'
const keys = ['exchange', 'write', 'read'] as const
const pattern = permissionPattern

export function topicPermissionOperations(parts: ManagementParts): Operation[] {
  const { broker, keeper } = parts
  const { access: rows } = broker
  return [
    operation({
      method: 'get',
      path: '/topic-permissions',
      where: 'lead',
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
      where: 'lead',
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
      where: 'lead',
      tag,
      summary: 'Say which topics of an exchange a user may publish to and read',
      access,
      body: z.object({
        exchange: judgedLater('string', 'Its name'),
        write: pattern,
        read: pattern,
      }),
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) =>
        putPermission(context, parts, {
          place: names,
          body,
          keys,
          answerOwn: () => badRequest(context, whyOwnUserMayDoAll(names.user)),
          isNew: () => rowsAt(names, parts).length === 0,
          // It may be the first for its exchange.
          addsRow: () => true,
          set: (texts) => keeper.setTopicPermission({ ...names, ...texts }),
        }),
    }),
    ...deleteOperations(parts),
  ]
}

function deleteOperations(parts: ManagementParts): Operation[] {
  return [
    operation({
      method: 'delete',
      path,
      where: 'lead',
      tag,
      summary: 'Take the topic permissions of a user in a virtual host away',
      access,
      answers: { 204: 'Deleted' },
      handle: ({ names, context }) => clear(context, parts, { place: names }),
    }),
    operation({
      method: 'delete',
      path: `${path}/{exchange}`,
      where: 'lead',
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
