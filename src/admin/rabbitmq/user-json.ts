// Users and their permissions as RabbitMQ's management shows them.
import { z } from 'zod'
import type { AccessControl } from '../../auth/access-control.ts'
import { compareNames } from '../../lib/compare-names.ts'
import type { JsonObject } from '../api/columns.ts'
import type { Listing } from '../api/listing.ts'

export type UserRow = NonNullable<ReturnType<AccessControl['findUser']>>
export type PermissionRow = NonNullable<ReturnType<AccessControl['findPermission']>>
export type TopicPermissionRow = ReturnType<AccessControl['topicPermissions']>[number]

export const limitsSchema: z.ZodType = z.record(z.string(), z.int())

export const userSchema: z.ZodType = z.object({
  name: z.string(),
  password_hash: z.string().describe('Empty: nobody logs in with a password'),
  hashing_algorithm: z.string(),
  tags: z.array(z.string()),
  limits: limitsSchema,
})

export function userJson(user: UserRow): JsonObject {
  const { name, passwordHash, hashingAlgorithm, tags, limits = {} } = user
  return { name, password_hash: passwordHash, hashing_algorithm: hashingAlgorithm, tags, limits }
}

const pattern = z.string().describe('A regular expression')

export const permissionSchema: z.ZodType = z.object({
  user: z.string(),
  vhost: z.string(),
  configure: pattern,
  write: pattern,
  read: pattern,
})

/** By virtual host, then by user. */
export function permissionListing(items: Iterable<PermissionRow>): Listing<PermissionRow> {
  return { items, json: permissionJson, nameOf: ({ user }) => user, compare: byVHostAndUser }
}

export function permissionJson(row: PermissionRow): JsonObject {
  const { user, vhost, configure, write, read } = row
  return { user, vhost, configure, write, read }
}

export const topicPermissionSchema: z.ZodType = z.object({
  user: z.string(),
  vhost: z.string(),
  exchange: z.string(),
  write: pattern,
  read: pattern,
})

/** By virtual host, then by user. */
export function topicPermissionListing(
  items: Iterable<TopicPermissionRow>,
): Listing<TopicPermissionRow> {
  return { items, json: topicPermissionJson, nameOf: ({ user }) => user, compare: byVHostAndUser }
}

export function topicPermissionJson(row: TopicPermissionRow): JsonObject {
  const { user, vhost, exchange, write, read } = row
  return { user, vhost, exchange, write, read }
}

function byVHostAndUser(
  a: Pick<PermissionRow, 'vhost' | 'user'>,
  b: Pick<PermissionRow, 'vhost' | 'user'>,
): number {
  return compareNames(a.vhost, b.vhost) || compareNames(a.user, b.user)
}
