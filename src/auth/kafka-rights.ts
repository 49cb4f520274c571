// What a user's rights in the virtual host of Kafka's topics say of each of Kafka's operations
// (docs/permissions.md): ACLs first, then permissions. An administrator may do all of it besides.
import { authLimits } from '../limits/auth.ts'
import type { AclResourceType } from '../meta/acl-row.ts'
import type { AskedOperation } from './acl-bits.ts'
import type { Operation, Rights } from './rights.ts'

/** What a client of Kafka would do. */
export interface KafkaAsked {
  readonly type: AclResourceType
  readonly operation: AskedOperation
  readonly name: string
}

/** Kafka's name of all that is not a topic, a group or their like. */
export const clusterName = 'kafka-cluster'

type Enough = Partial<Readonly<Record<AskedOperation, readonly Operation[]>>>

/** Any right is enough to see that something is there, as it is for a passive declaration in AMQP. */
const any = ['read', 'write', 'configure'] as const
/** Nothing is written to a group. */
const anyOfGroup = ['read', 'configure'] as const

/** Of the rights that a permission gives, any one of these will do; what has none is for administrators. */
const enough: Readonly<Record<AclResourceType, Enough>> = {
  topic: {
    read: ['read'],
    write: ['write'],
    create: ['configure'],
    delete: ['configure'],
    alter: ['configure'],
    'alter-configs': ['configure'],
    describe: any,
    'describe-configs': any,
  },
  group: {
    read: ['read'],
    delete: ['configure'],
    'alter-configs': ['configure'],
    describe: anyOfGroup,
    'describe-configs': anyOfGroup,
  },
  'transactional-id': { write: ['write'], 'two-phase-commit': ['write'], describe: any },
  cluster: {},
  'delegation-token': {},
  user: {},
}

export function mayInKafka(rights: Rights, asked: KafkaAsked): boolean {
  const { type, operation, name } = asked
  const verdict = rights.aclVerdict(operation, type, name)
  return verdict === undefined ? permittingRight(rights, asked) !== undefined : verdict === 'allow'
}

/** Rights of which any one is enough for an operation. */
export function rightsEnoughFor({ type, operation }: KafkaAsked): readonly Operation[] {
  return enough[type][operation] ?? []
}

/** The first of them that a permission gives, whatever ACLs say; undefined when it gives none. */
export function permittingRight(rights: Rights, asked: KafkaAsked): Operation | undefined {
  const { type, name } = asked
  // Nothing has so long a name, and a pattern takes its time for each byte of it.
  const isTooLong = type === 'topic' && name.length > authLimits.nameSizeMax
  if (isTooLong && !rights.isUnrestricted) return undefined
  return rightsEnoughFor(asked).find((operation) => rights.permits(operation, name))
}
