// An ACL in words, for people.
import type { AclResourceType, AclRow } from '../meta/acl-row.ts'
import { wildcard } from './acls.ts'

export type { AclResourceType, AclRow }

/** Such as `User:app is denied write on topics that begin with 'pay' from 10.0.0.1`. */
export function aclText(row: AclRow): string {
  const { principal, permission, operation, host } = row
  const who = `${principal} is ${permission === 'allow' ? 'allowed' : 'denied'}`
  const what = operation === 'all' ? 'everything' : operation
  const from = host === wildcard ? '' : ` from ${host}`
  return `${who} ${what} on ${resourceText(row)}${from}`
}

function resourceText({ resourceType, name, patternType }: AclRow): string {
  const kind = resourceType.replace('-', ' ')
  if (patternType === 'prefixed') return `each ${kind} that begins with '${name}'`
  return name === wildcard ? `each ${kind}` : `${kind} '${name}'`
}
