// Kafka's operations as bits, and what an ACL says of each of them.
import type { AclOperation, AclRow } from '../meta/acl-row.ts'

/** What one ACL, or several together, allow and deny. */
export interface AclBits {
  readonly allowed: number
  readonly denied: number
}

/** Operations that somebody asks for; `all` is only something that an ACL says. */
export type AskedOperation = Exclude<AclOperation, 'all'>

export const askedOperations: readonly AskedOperation[] = [
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'cluster-action',
  'describe-configs',
  'alter-configs',
  'idempotent-write',
  'create-tokens',
  'describe-tokens',
  'two-phase-commit',
]

export const noBits: AclBits = { allowed: 0, denied: 0 }

const allBits = (1 << askedOperations.length) - 1

/** Those bits are set that all of `operations` are. */
export function bitsOf(...operations: readonly AskedOperation[]): number {
  return operations.reduce((bits, operation) => bits | (1 << askedOperations.indexOf(operation)), 0)
}

const implyDescribe: ReadonlySet<AclOperation> = new Set(['read', 'write', 'delete', 'alter'])

/** Who may read may see that it is there, and so on; a denial implies nothing (KIP-11). */
export function bitsOfAcl({ operation, permission }: AclRow): AclBits {
  const own = operation === 'all' ? allBits : bitsOf(operation)
  if (permission === 'deny') return { allowed: 0, denied: own }
  let allowed = own
  if (implyDescribe.has(operation)) allowed |= bitsOf('describe')
  if (operation === 'alter-configs') allowed |= bitsOf('describe-configs')
  return { allowed, denied: 0 }
}

export function sumOfBits(a: AclBits, b: AclBits): AclBits {
  return { allowed: a.allowed | b.allowed, denied: a.denied | b.denied }
}

/** What they say of everything in `asked` together; undefined when they do not say. A denial wins. */
export function verdictOf(
  { allowed, denied }: AclBits,
  asked: number,
): 'allow' | 'deny' | undefined {
  if ((denied & asked) !== 0) return 'deny'
  return (allowed & asked) === asked ? 'allow' : undefined
}
