// Which ACLs somebody means, as Kafka's filters say it (KIP-290).
import type {
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  AclRow,
} from '../meta/acl-row.ts'
import { wildcard } from './acls.ts'

export { keyOfAcl } from '../meta/acl-row.ts'
export type { AclOperation, AclPatternType, AclPermission, AclResourceType, AclRow }

/** What is undefined may be anything. */
export interface AclFilter {
  readonly resourceType?: AclResourceType | undefined
  readonly name?: string | undefined
  /** `match`: whatever counts for a resource of the name, wildcards and prefixes included. */
  readonly patternType?: AclPatternType | 'match' | undefined
  readonly principal?: string | undefined
  readonly host?: string | undefined
  readonly operation?: AclOperation | undefined
  readonly permission?: AclPermission | undefined
}

export function fitsAclFilter(filter: AclFilter, row: AclRow): boolean {
  const { resourceType, principal, host, operation, permission } = filter
  return (
    isOne(resourceType, row.resourceType) &&
    isOne(principal, row.principal) &&
    isOne(host, row.host) &&
    isOne(operation, row.operation) &&
    isOne(permission, row.permission) &&
    fitsPattern(filter, row)
  )
}

function isOne<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value
}

function fitsPattern({ name, patternType }: AclFilter, row: AclRow): boolean {
  if (patternType !== 'match') return isOne(patternType, row.patternType) && isOne(name, row.name)
  if (name === undefined || name === row.name) return true
  return row.patternType === 'literal' ? row.name === wildcard : name.startsWith(row.name)
}
