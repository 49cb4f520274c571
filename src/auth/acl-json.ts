// ACLs as JSON: in definitions and by HTTP.
import type {
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  AclRow,
} from '../meta/acl-row.ts'
import { askedOperations } from './acl-bits.ts'

/** What each of its fields may be, where that is one of some words. */
export const aclWords: {
  readonly resource_type: readonly AclResourceType[]
  readonly pattern_type: readonly AclPatternType[]
  readonly operation: readonly AclOperation[]
  readonly permission: readonly AclPermission[]
} = {
  resource_type: ['topic', 'group', 'cluster', 'transactional-id', 'delegation-token', 'user'],
  pattern_type: ['literal', 'prefixed'],
  operation: ['all', ...askedOperations],
  permission: ['allow', 'deny'],
}

export interface AclJson {
  readonly resource_type: AclResourceType
  readonly name: string
  readonly pattern_type: AclPatternType
  readonly principal: string
  readonly host: string
  readonly operation: AclOperation
  readonly permission: AclPermission
}

export function aclToJson(row: AclRow): AclJson {
  const { resourceType, name, patternType, principal, host, operation, permission } = row
  return {
    resource_type: resourceType,
    name,
    pattern_type: patternType,
    principal,
    host,
    operation,
    permission,
  }
}

export function aclFromJson(json: AclJson): AclRow {
  const { resource_type: resourceType, pattern_type: patternType, ...same } = json
  const { name, principal, host, operation, permission } = same
  return { resourceType, name, patternType, principal, host, operation, permission }
}
