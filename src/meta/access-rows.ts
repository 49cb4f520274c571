// What the topology keeps of who may do what: users, their permissions on virtual hosts and topic exchanges,
// and ACLs. Deleting a user or a virtual host deletes its permissions without a change of their own; ACLs
// name principals, who need not exist, and stay.
import type { AclChange, AclRow } from './acl-row.ts'

/** Names of limits (`max-connections`) and their values. */
export type LimitValues = Readonly<Record<string, number>>

/** How a password was hashed, by RabbitMQ's name of the module that does it. */
export type HashingAlgorithm = 'rabbit_password_hashing_sha256' | 'rabbit_password_hashing_sha512'

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** What SCRAM (RFC 5802) asks of a broker, which does not know the password; bytes as base64. */
export interface ScramSecret {
  readonly mechanism: ScramMechanism
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}

export interface UserRow {
  readonly name: string
  /** base64(salt of 4 bytes ‖ digest); empty for a user who cannot log in with a password. */
  readonly passwordHash: string
  readonly hashingAlgorithm: HashingAlgorithm
  readonly tags: readonly string[]
  readonly limits?: LimitValues | undefined
  /** Undefined when only the hash of the password was given. */
  readonly scram?: readonly ScramSecret[] | undefined
}

/** Regular expressions that names of queues and exchanges are looked for. */
export interface PermissionRow {
  readonly user: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** Regular expressions that routing keys of a topic exchange are looked for. */
export interface TopicPermissionRow {
  readonly user: string
  readonly vhost: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}

/** A put replaces what has the same name, or the same user, virtual host and exchange. */
export type AccessChange =
  | { readonly kind: 'user'; readonly op: 'put'; readonly row: UserRow }
  | { readonly kind: 'user'; readonly op: 'delete'; readonly name: string }
  | { readonly kind: 'permission'; readonly op: 'put'; readonly row: PermissionRow }
  | PermissionDelete
  | { readonly kind: 'topic-permission'; readonly op: 'put'; readonly row: TopicPermissionRow }
  | TopicPermissionDelete
  | AclChange

interface PermissionDelete {
  readonly kind: 'permission'
  readonly op: 'delete'
  readonly user: string
  readonly vhost: string
}

interface TopicPermissionDelete {
  readonly kind: 'topic-permission'
  readonly op: 'delete'
  readonly user: string
  readonly vhost: string
  readonly exchange: string
}

const accessKinds: ReadonlySet<string> = new Set(['user', 'permission', 'topic-permission', 'acl'])

export function isAccessChange(change: { readonly kind: string }): change is AccessChange {
  return accessKinds.has(change.kind)
}

/** All rows of who may do what. */
export interface AccessRows {
  readonly users: readonly UserRow[]
  readonly permissions: readonly PermissionRow[]
  readonly topicPermissions: readonly TopicPermissionRow[]
  readonly acls: readonly AclRow[]
}

export const noAccessRows: AccessRows = {
  users: [],
  permissions: [],
  topicPermissions: [],
  acls: [],
}
