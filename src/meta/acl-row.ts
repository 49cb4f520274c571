// An ACL as Kafka has them (KIP-11, KIP-290): what a principal may do, or may not do, with what has a name.

export type AclResourceType =
  | 'topic'
  | 'group'
  | 'cluster'
  | 'transactional-id'
  | 'delegation-token'
  | 'user'

/** A prefix is what names begin with; the literal name `*` is every name. */
export type AclPatternType = 'literal' | 'prefixed'

/** Kafka's AclOperation. */
export type AclOperation =
  | 'all'
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster-action'
  | 'describe-configs'
  | 'alter-configs'
  | 'idempotent-write'
  | 'create-tokens'
  | 'describe-tokens'
  | 'two-phase-commit'

export type AclPermission = 'allow' | 'deny'

/** All of it is its key: one that is put twice is there once. */
export interface AclRow {
  readonly resourceType: AclResourceType
  readonly name: string
  readonly patternType: AclPatternType
  /** `User:app`; `User:*` is everybody who has logged in. The user need not exist. */
  readonly principal: string
  /** The address that clients come from; `*` for any. */
  readonly host: string
  readonly operation: AclOperation
  readonly permission: AclPermission
}

export type AclChange = {
  readonly kind: 'acl'
  readonly op: 'put' | 'delete'
  readonly row: AclRow
}

/** The same for the same ACL. */
export function keyOfAcl(row: AclRow): string {
  const { resourceType, name, patternType, principal, host, operation, permission } = row
  return JSON.stringify([resourceType, name, patternType, principal, host, operation, permission])
}
