// What permissions and topic permissions have in common: each is of a user in a virtual host, and is put with
// patterns. A change is in force at once, and answered when it is durable.
import type { Context } from 'hono'
import type { z } from 'zod'
import { badRequest, type ManagementParts, roomToDeclare, stored } from '../answers.ts'
import type { Access } from '../api/access.ts'
import { judgedLater } from '../api/judged-later.ts'
import { textsOf, whyNoPatterns } from './patterns.ts'

export const permissionTag = 'Permissions'
export const permissionAccess: Access = 'administrator'
export const permissionPattern: z.ZodType = judgedLater(
  'string',
  'A regular expression; empty: nothing',
)

/** Whose permissions, and where. */
export interface PermissionPlace {
  readonly user: string
  readonly vhost: string
}

interface Put<K extends string> {
  readonly place: PermissionPlace
  readonly body: Readonly<Record<string, unknown>>
  /** Of the body: patterns, and the exchange's name. */
  readonly keys: readonly K[]
  /** Answers who would change the user of the settings. */
  readonly answerOwn: (texts: Readonly<Record<K, string>>) => Response
  /** Whether the place had none before. */
  readonly isNew: () => boolean
  /** Whether one more row may be needed for it. */
  readonly addsRow: (isNew: boolean) => boolean
  readonly set: (texts: Readonly<Record<K, string>>) => Promise<void>
}

export async function putPermission<K extends string>(
  context: Context,
  parts: ManagementParts,
  { place, body, keys, answerOwn, isNew: isNewNow, addsRow, set }: Put<K>,
): Promise<Response> {
  const { broker, keeper } = parts
  if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
  const problem = whyNoPatterns(body, keys)
  if (problem !== undefined) return badRequest(context, problem)
  const texts = textsOf(body, keys)
  if (broker.access.isOwn(place.user)) return answerOwn(texts)
  await roomToDeclare(broker)
  if (!isThere(place, parts)) return badRequest(context, 'vhost_or_user_not_found')
  const isNew = isNewNow()
  if (addsRow(isNew) && keeper.whyFull !== undefined) return badRequest(context, keeper.whyFull)
  await set(texts)
  return stored(context, isNew)
}

/** Whether there are such a user and such a virtual host. */
function isThere({ user, vhost }: PermissionPlace, { broker }: ManagementParts): boolean {
  return broker.access.findUser(user) !== undefined && broker.findVHost(vhost) !== undefined
}
