// Kafka's numbers of what ACLs say (ResourceType, PatternType, AclOperation, AclPermissionType).
import type {
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
} from '../../auth/acl-filter.ts'

/** Of anything, in a filter. */
export const anyCode = 1
/** Of a pattern that fits a name, in a filter. */
export const matchCode = 2

export const resourceCodes: Readonly<Record<AclResourceType, number>> = {
  topic: 2,
  group: 3,
  cluster: 4,
  'transactional-id': 5,
  'delegation-token': 6,
  user: 7,
}

export const patternCodes: Readonly<Record<AclPatternType, number>> = { literal: 3, prefixed: 4 }

export const operationCodes: Readonly<Record<AclOperation, number>> = {
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
  'create-tokens': 13,
  'describe-tokens': 14,
  'two-phase-commit': 15,
}

export const permissionCodes: Readonly<Record<AclPermission, number>> = { deny: 2, allow: 3 }

/** What has this number; undefined for none. */
export function nameOf<Name extends string>(
  codes: Readonly<Record<Name, number>>,
  code: number,
): Name | undefined {
  return (Object.keys(codes) as Name[]).find((name) => codes[name] === code)
}
