// Permissions. A change is in force at once, and answered when it is durable.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
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
  permissionJson,
  permissionListing,
  permissionSchema,
  type PermissionRow,
} from './user-json.ts'

const tag = permissionTag
const access = permissionAccess
const path = '/permissions/{vhost}/{user}'
const rights = ['configure', 'write', 'read'] as const
const pattern = permissionPattern

export function permissionOperations(parts: ManagementParts): Operation[] {
  return [...lookOperations(parts), ...changeOperations(parts)]
}

function lookOperations({ broker }: ManagementParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/permissions',
      where: 'lead',
      tag,
      summary: 'Permissions of all users in all virtual hosts',
      access,
      query: listQuery,
      answers: { 200: listOf(permissionSchema) },
      handle: ({ query }) =>
        answerList(
          broker.slices,
          query,
          permissionListing(broker.access.permissions(broker.vhostNames)),
        ),
    }),
    operation({
      method: 'get',
      path,
      where: 'lead',
      tag,
      summary: 'What a user may do in a virtual host',
      access,
      answers: { 200: permissionSchema },
      handle({ names, context }) {
        const found = findPermission(names, broker)
        return found === undefined ? notFound(context) : permissionJson(found)
      },
    }),
  ]
}

function changeOperations(parts: ManagementParts): Operation[] {
  const { broker, keeper } = parts
  return [
    operation({
      method: 'put',
      path,
      where: 'lead',
      tag,
      summary: 'Say what a user may do in a virtual host',
      access,
      body: z.object({ configure: pattern, write: pattern, read: pattern }),
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) =>
        putPermission(context, parts, {
          place: names,
          body,
          keys: rights,
          answerOwn: (patterns) =>
            Object.values(patterns).every((each) => each === '.*')
              ? stored(context, false)
              : badRequest(context, whyOwnUserMayDoAll(names.user)),
          isNew: () => findPermission(names, broker) === undefined,
          addsRow: (isNew) => isNew,
          set: (patterns) => keeper.setPermission({ ...names, ...patterns }),
        }),
    }),
    operation({
      method: 'delete',
      path,
      where: 'lead',
      tag,
      summary: 'Take the permissions of a user in a virtual host away',
      access,
      answers: { 204: 'Deleted' },
      async handle({ names, context }) {
        if (findPermission(names, broker) === undefined) return notFound(context)
        if (broker.access.isOwn(names.user))
          return badRequest(context, whyOwnUserMayDoAll(names.user))
        await roomToDeclare(broker)
        await keeper.clearPermission(names.user, names.vhost)
        return context.body(null, 204)
      },
    }),
  ]
}

function findPermission(
  { user, vhost }: PermissionPlace,
  broker: Broker,
): PermissionRow | undefined {
  return broker.findVHost(vhost) && broker.access.findPermission(user, vhost)
}
